// Cloth: folds and threads. Returns the bent normal; albedo is changed in place.
vec3 fabric(vec3 at, vec3 n, float folds, float weave, float pixel_mm, inout float albedo) {
    vec2 big = at.yz * 0.0042 + vec2(at.x * 0.003, 0.0);
    vec4 fold = noise_at(big);
    vec4 small = noise_at(at.yz * 0.013 + vec2(0.3, at.x * 0.009));
    vec3 across = normalize(cross(n, vec3(0.31, 0.22, 0.93)));
    vec3 along = cross(n, across);
    n = normalize(n + folds * ((0.55 * fold.y + 0.22 * small.y) * across + (0.55 * fold.z + 0.22 * small.z) * along));
    albedo *= 1.0 + folds * (0.16 * fold.x + 0.06 * small.x);
    float near = 1.0 - smoothstep(0.3, 0.6, pixel_mm);
    vec2 thread = at.yz * 0.55 + at.x * 0.35;
    albedo *= 1.0 + weave * (near * 0.22 * sin(thread.x * 6.28) * sin(thread.y * 6.28) + 0.07 * noise_at(at.yz * 0.05 + at.x * 0.04).w);
    return n;
}
