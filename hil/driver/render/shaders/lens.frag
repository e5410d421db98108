// Spectacle lenses and glass: mirror images of LEDs, sun and windows; see-through or opaque.
in vec3 world;
in vec3 normal;
in vec3 rest;
in vec2 uv;
in float ambient;
// Switches: none: opaque glass; BLENDED: light of a see-through lens; WORDS: only the words where a reflection hides things.
out vec4 picture;

void main() {
    vec3 v = normalize(camera.xyz - world);
    vec3 n = normalize(normal);
    if (dot(n, v) < 0.0) n = -n;
    float edge = 1.0 - max(dot(n, v), 0.0);
    float share = kind.y + (1.0 - kind.y) * edge * edge * edge * edge * edge;
    float turn = min(0.4 * length(fwidth(n)), 0.3);
    float dirt = 0.7 + 0.3 * noise_at(uv * 0.7 + 0.3).x;
    vec2 spot = spots(world, n, v, vec2(0.005, 0.12), turn);
    float mirror = share * (min(spot.x, 400.0) + 0.004 * dirt * spot.y);
    mirror += share * (light.z + 0.3 * sun.w) * mirrored_windows(reflect(-v, n)) * 0.9;
#if defined(WORDS)
    if (mirror < 0.3) discard;
    picture = vec4(0.0, kind.x, 0.0, 1.0);
#elif defined(BLENDED)
    float haze = 0.006 * dirt * (light.x + light.y + sun.w);
    float kept = kind.z * (1.0 - share);
#ifdef TEXTURE
    kept *= texture(albedo_map, uv).r;
#endif
    picture = vec4(mirror + haze, 0.0, 0.0, kept);
#else
    float albedo = look.x;
#ifdef TEXTURE
    albedo *= texture(albedo_map, uv).r;
#endif
    picture = vec4(matt(world, n, albedo, ambient, look.w) + mirror, kind.x, 0.0, 1.0);
#endif
}
