// Strands of hair on a card or shell: closed where strands cover, highlight along them (Kajiya and Kay).
in vec3 world;
in vec3 normal;
in vec3 rest;
in vec2 uv;
in float ambient;
uniform sampler2D strand_map;
out vec4 picture;

void main() {
    float cells = uv.x * strand.x;
    vec3 slow = textureLod(strand_map, vec2(floor(cells / 9.0) / 37.0, uv.y * 0.6), 0.0).rgb;
    cells += strand.w * (slow.b - 0.5) * 4.0;
    // Strands as fine as the pixels can show: single ones near, bundles of 2, 4, 8 ... far away.
    float bundle = exp2(ceil(log2(max(fwidth(cells) * 2.2, 1.0))));
    float thread = cells / bundle;
    vec3 hair = textureLod(strand_map, vec2((floor(thread) + 0.5) / 256.0, uv.y * 0.7), 0.0).rgb;
    float part = uv.y / max(1.0 - strand_more.x * hair.r, 0.05);
    float cover = mix(strand.y, strand.z, clamp(part, 0.0, 1.0));
    float gap = abs(fract(thread) - 0.5) * 2.0;
    // Bundles of strands that cannot be seen singly have wandering edges, not parallel ones.
    float far = clamp(0.5 * log2(bundle), 0.0, 1.0);
    gap += 0.45 * far * (hair.b - 0.5);
    cover = mix(cover, sqrt(cover), 0.45 * far);
    float alpha = clamp((cover - gap) * 3.0 + 0.5, 0.0, 1.0) * smoothstep(1.04, 0.96, part);
    alpha = cover > 0.97 && part <= 1.0 ? 1.0 : alpha;
#ifdef TEXTURE
    vec4 painted = texture(albedo_map, uv);
    alpha *= maps.y > 0.5 ? painted.g : 1.0;
#endif
#ifdef FRINGE
    if (alpha >= 0.5 || alpha < 0.04) discard;
#else
    if (alpha < 0.5) discard;
#endif
    vec3 v = normalize(camera.xyz - world);
    vec3 n = normalize(normal);
    float facing = dot(n, v);
    n = facing < 0.0 ? n - 1.7 * facing * v : n;  // the inner side of long hair is lit like the outer one, a little less
    n *= inversesqrt(dot(n, n));
    vec2 dx = vec2(dFdx(uv.x), dFdy(uv.x));
    vec3 t = dFdy(world) * dx.x - dFdx(world) * dx.y;  // along which u stays the same
    t *= inversesqrt(max(dot(t, t), 1e-12));
    float bright = mix(hair.g, slow.g, strand_more.y);
    float albedo = look.x * (0.62 + 0.76 * bright);
#ifdef TEXTURE
    albedo *= painted.r;
#endif
    albedo *= 1.0 - 0.4 * gap * gap;
    float diffuse = 0.0, shine = 0.0;
    float shift = 0.25 * (bright - 0.5);
    for (int i = 0; i < KEYS; ++i) {
        vec3 l;
        float e = led_at(KEY(i), world, l);
        float tl = dot(t, l);
        float lit = e * clamp(dot(n, l) * 0.75 + 0.25, 0.0, 1.0);
        vec3 h = normalize(l + v);
        float th = dot(t, h) + shift * dot(n, h);
        diffuse += lit * sqrt(max(1.0 - tl * tl, 0.0));
        shine += lit * exp2(0.5 * strand_more.w * log2(max(1.0 - th * th, 1e-6)));
    }
    diffuse *= key_gain();
    shine *= key_gain();
#ifdef SUN
    float e = sun.w * sun_seen(world, n) * clamp(dot(n, sun.xyz) * 0.75 + 0.25, 0.0, 1.0);
    float tl = dot(t, sun.xyz), th = dot(t, normalize(sun.xyz + v)) + shift;
    diffuse += e * sqrt(max(1.0 - tl * tl, 0.0));
    shine += e * pow(max(1.0 - th * th, 0.0), 0.5 * strand_more.w);
#endif
    diffuse += light.y * surrounding(n);
    float radiance = ambient * (albedo * diffuse + strand_more.z * shine * (0.3 + bright));
    picture = vec4(radiance, kind.x, 0.0, alpha);
}
