// Lashes: thin bent strands on the strips at the lid margins; blended by how much of a pixel they cover.
in vec3 world;
in vec3 normal;
in vec3 rest;
in vec2 uv;
in float ambient;
in vec4 strip;  // root to tip, inner to outer, side, upper
uniform vec4 lash;  // albedo, strands, cover, id
out vec4 picture;

void main() {
    float t = strip.x, s = strip.y, above = strip.w;
    // Strands fan outwards and bend; two or three share a tip; each has its own length.
    vec2 row = vec2(strip.z * 0.37 + above * 0.19 + 0.05, 0.13);
    float bend = (s - 0.38) * (6.0 * t + 5.0 * t * t) + 1.6 * t * noise_at(row + vec2(s * 1.9, 0.0)).x;
    float cells = s * lash.y - bend + strip.z * 0.4;
    float own = floor(cells);
    vec4 luck = noise_at(row + vec2(own * 0.0713, 0.31));
    float lean = 0.55 * luck.w * t;
    float gap = abs(fract(cells) - 0.5 + lean) * 2.0;
    float end = (above > 0.5 ? 0.72 : 0.5) * (1.0 + 0.45 * luck.x) * (0.45 + 0.55 * smoothstep(0.0, 0.3, s));
    float left = clamp(1.0 - t / end, 0.0, 1.0);
    float wide = lash.z * (above > 0.5 ? 1.0 : 0.5) * sqrt(left) * (0.75 + 0.5 * luck.z);
    float width = fwidth(cells);
    float fine = clamp((wide - gap) / max(1.6 * width, 0.12) + 0.5 * smoothstep(0.0, 0.1, wide), 0.0, 1.0);
    float alpha = mix(fine, 0.8 * wide, smoothstep(0.35, 0.9, width));
    alpha = max(alpha, 0.7 * smoothstep(0.09, 0.0, t) * (above > 0.5 ? 1.0 : 0.35));  // the dark lid margin
    alpha *= smoothstep(0.0, 0.06, s) * smoothstep(1.0, 0.95, s);
#ifdef WORDS
    if (alpha < 0.5) discard;
    picture = vec4(0.0, lash.w, 0.0, 1.0);
#else
    vec3 v = normalize(camera.xyz - world);
    float radiance = matt(world, v, lash.x, 0.8, 0.3);
    picture = vec4(radiance, 0.0, 0.0, alpha);
#endif
}
