// Painted, moulded or woven surfaces.
in vec3 world;
in vec3 normal;
in vec3 rest;
in vec2 uv;
in float ambient;
out vec2 picture;

void main() {
    vec3 v = normalize(camera.xyz - world);
    vec3 n = normalize(normal);
    if (!gl_FrontFacing) n = -n;
    float albedo = look.x;
#ifdef TEXTURE
    vec4 t = texture(albedo_map, uv);
    if (maps.y > 0.5 && t.g < 0.5) discard;
    albedo *= t.r;
#endif
#ifdef HEIGHT
    n = bend(world, n, texture(height_map, uv).r * maps.w);
#endif
#ifdef FABRIC
    n = fabric(rest, n, grain.z, grain.w, distance(camera.xyz, world) * camera.w, albedo);
#endif
    vec3 r = rest * grain.y;
    albedo *= 1.0 + grain.x * noise_at(r.yz + vec2(0.7, 0.4) * r.x).x;
    picture = vec2(shade(world, n, v, albedo, ambient, look.w, look.y, look.z), kind.x);
}
