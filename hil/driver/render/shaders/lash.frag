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
    float t = strip.x, s = strip.y;
    float wobble = noise_at(vec2(s * 2.7 + strip.z * 0.37, strip.w * 0.41 + 0.13)).x;
    float cells = s * lash.y + 2.2 * t * (s - 0.35) * 3.0 + 1.5 * wobble * t + strip.z * 0.4;
    float own = noise_at(vec2(floor(cells) * 0.071, 0.3 + 0.21 * strip.w)).w;
    float end = (strip.w > 0.5 ? 0.95 : 0.6) + 0.25 * own;
    float left = clamp(1.0 - t / end, 0.0, 1.0);
    float wide = lash.z * (strip.w > 0.5 ? 1.0 : 0.55) * (0.35 + 0.65 * left) * step(t, end);
    float gap = abs(fract(cells) - 0.5) * 2.0;
    float width = fwidth(cells);
    float fine = smoothstep(wide + width, wide - width, gap) * step(0.001, wide);
    float alpha = mix(fine, wide * 0.9, smoothstep(0.4, 1.1, width));
    alpha = max(alpha, 0.75 * smoothstep(0.1, 0.0, t) * (strip.w > 0.5 ? 1.0 : 0.4));  // the dark lid margin
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
