// Strands of hair on a card or shell: closed where strands cover, highlight along them (Kajiya and Kay).
in vec3 world;
in vec3 normal;
in vec3 rest;
in vec2 uv;
in float ambient;
uniform sampler2D strand_map;
uniform float fringe;  // 0: closed part; 1: only the see-through edge
out vec4 picture;

void main() {
    float cells = uv.x * strand.x;
    vec3 sway = texture(strand_map, vec2(floor(cells / 9.0) / 37.0, uv.y * 0.6)).rgb;
    cells += strand.w * (sway.b - 0.5) * 4.0;
    float own = floor(cells);
    vec3 hair = texture(strand_map, vec2((own + 0.5) / 256.0, uv.y * 0.7)).rgb;
    vec3 lock = texture(strand_map, vec2((floor(cells / 6.0) + 0.5) / 256.0, uv.y * 0.5)).rgb;
    float width = fwidth(cells);
    float shown = 1.0 - smoothstep(0.35, 1.2, width);
    float end = 1.0 - strand_more.x * hair.r;
    float part = uv.y / max(end, 0.05);
    float cover = mix(strand.y, strand.z, clamp(part, 0.0, 1.0));
    float gap = abs(fract(cells) - 0.5) * 2.0;
    float fine = smoothstep(cover + 0.12, cover - 0.12, gap);
    float mean_end = smoothstep(1.0, 1.0 - strand_more.x - 0.08, uv.y);
    float alpha = mix(cover * mean_end, fine * step(part, 1.0), shown);
    if (cover > 0.97 && part <= 1.0) alpha = 1.0;
#ifdef TEXTURE
    vec4 painted = texture(albedo_map, uv);
    alpha *= maps.y > 0.5 ? painted.g : 1.0;
#endif
    float threshold = mix(0.25 + 0.5 * lock.r, 0.5, shown);
    if (fringe < 0.5 ? alpha < threshold : (alpha >= threshold || alpha < 0.04)) discard;
    vec3 v = normalize(camera.xyz - world);
    vec3 n = normalize(normal);
    vec2 dx = vec2(dFdx(uv.x), dFdy(uv.x));
    vec3 px = dFdx(world), py = dFdy(world);
    vec3 t = py * dx.x - px * dx.y;  // along which u stays the same
    t = dot(t, t) > 1e-12 ? normalize(t) : normalize(cross(n, vec3(0, 1, 0)));
    float bright = mix(hair.g, lock.g, strand_more.y);
    float albedo = look.x * (0.45 + 1.1 * bright) ;
#ifdef TEXTURE
    albedo *= painted.r;
#endif
    albedo *= mix(1.0, 1.0 - 0.45 * gap * gap, shown);
    float diffuse = 0.0, shine = 0.0;
    float shift = 0.25 * (bright - 0.5);
    vec3 ts = normalize(t + n * shift);
    int count = int(more.x);
    for (int i = 0; i < count; ++i) {
        vec3 l;
        float e = led_at(i, world, l);
        float tl = dot(t, l);
        float lit = clamp(dot(n, l) * 0.75 + 0.25, 0.0, 1.0);
        diffuse += e * lit * sqrt(max(1.0 - tl * tl, 0.0));
        float th = dot(ts, normalize(l + v));
        shine += e * lit * pow(max(1.0 - th * th, 0.0), 0.5 * strand_more.w);
    }
#ifdef SUN
    float e = sun.w * sun_seen(world, n) * clamp(dot(n, sun.xyz) * 0.75 + 0.25, 0.0, 1.0);
    float tl = dot(t, sun.xyz), th = dot(ts, normalize(sun.xyz + v));
    diffuse += e * sqrt(max(1.0 - tl * tl, 0.0));
    shine += e * pow(max(1.0 - th * th, 0.0), 0.5 * strand_more.w);
#endif
    diffuse += light.y * surrounding(n);
    float radiance = ambient * (albedo * diffuse + strand_more.z * shine * (0.3 + bright));
    picture = vec4(radiance, kind.x, 0.0, alpha);
}
