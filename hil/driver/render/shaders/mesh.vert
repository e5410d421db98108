// Vertices of a mesh: skinned by four bones, or moved rigidly.
in vec3 in_position;
in vec3 in_normal;
in vec2 in_uv;
in float in_ambient;
#ifdef SKINNED
in uvec4 in_bones;
in vec4 in_weights;
layout(std140) uniform Bones { vec4 bone[3 * BONES]; };
#else
uniform mat4 place;
#endif
#ifdef PART
in vec4 in_masks;  // lips, lids, inside of the mouth, nails
out vec4 masks;
out float inside;
uniform float cloth_mm;
#endif
#ifdef STRIP
in vec4 in_strip;
out vec4 strip;
#endif
out vec3 world;
out vec3 normal;
out vec3 rest;
out vec2 uv;
out float ambient;

void main() {
    rest = in_position;
    uv = in_uv;
    ambient = in_ambient;
    vec3 at = in_position;
#ifdef PART
    masks = in_masks;
    inside = in_masks.z > 0.5 ? -50.0 : covered(rest);
    at += in_normal * cloth_mm * smoothstep(0.0, 6.0, inside);
#endif
#ifdef STRIP
    strip = in_strip;
#endif
#ifdef SKINNED
    vec4 x = vec4(0.0), y = vec4(0.0), z = vec4(0.0);
    for (int i = 0; i < 4; ++i) {
        int row = 3 * int(in_bones[i]);
        x += in_weights[i] * bone[row];
        y += in_weights[i] * bone[row + 1];
        z += in_weights[i] * bone[row + 2];
    }
    vec4 whole = vec4(at, 1.0);
    world = vec3(dot(x, whole), dot(y, whole), dot(z, whole));
    normal = vec3(dot(x.xyz, in_normal), dot(y.xyz, in_normal), dot(z.xyz, in_normal));
#else
    world = (place * vec4(at, 1.0)).xyz;
    normal = mat3(place) * in_normal;
#endif
    gl_Position = view_projection * vec4(world, 1.0);
}
