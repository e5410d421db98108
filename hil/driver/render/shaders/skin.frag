// Skin, and the cloth that covers the figure's own body.
in vec3 world;
in vec3 normal;
in vec3 rest;
in vec2 uv;
in float ambient;
in vec4 masks;
uniform sampler2D albedo_map;
uniform sampler2D height_map;
uniform sampler2D gloss_map;
uniform vec4 tone;        // base, lips, lids, nails
uniform vec4 finish;      // specular, gloss, wrap, height mm
uniform vec4 cloth_look;  // albedo, folds, weave, wrap
uniform vec4 belt;        // on, mm towards the neck, albedo, -
uniform vec4 word;        // skin, cloth, belt, inside of the mouth
out vec2 picture;

vec2 dressed(vec3 n, vec3 v, float pixel, float inside) {
    float albedo = cloth_look.x;
    vec3 m = fabric(rest, n, cloth_look.y, cloth_look.z, pixel, albedo);
    float id = word.y;
    float hem = smoothstep(9.0, 10.5, inside);
    albedo *= 0.86 + 0.14 * hem;
    float shadow = 0.6 + 0.4 * smoothstep(0.0, 2.5, inside);
    float side = rest.y * more.w;
    float across = (side - 128.0 + belt.y) * 0.857 - (rest.z + 215.0) * 0.514;
    float gloss = 10.0, specular = 0.008;
    if (belt.x > 0.5 && abs(across) < 27.0 && rest.x > -150.0 && abs(rest.y) < 190.0) {
        if (abs(across) < 24.0) {
            id = word.z;
            albedo = belt.z * (0.9 + 0.12 * sin(across * 2.6) * (1.0 - smoothstep(0.5, 1.0, pixel)));
            albedo *= abs(across) > 21.5 ? 1.25 : 1.0;
            m = n;
            gloss = 14.0;
            specular = 0.04;
        } else shadow *= 0.6;
    }
    return vec2(shade(world, m, v, albedo * shadow, ambient * shadow, cloth_look.w, specular, gloss), id);
}

void main() {
    vec3 v = normalize(camera.xyz - world);
    vec3 n = normalize(normal);
    float far = distance(camera.xyz, world);
    float pixel = far * camera.w;
    float inside = covered(rest);
    if (inside > 0.0 && masks.z < 0.5) {
        picture = dressed(n, v, pixel, inside);
        return;
    }
    float albedo = tone.x * texture(albedo_map, uv).r;
    albedo *= mix(1.0, tone.y, masks.x) * mix(1.0, tone.z, masks.y) * mix(1.0, tone.w, masks.w) * mix(1.0, 0.4, masks.z);
    vec4 blotch = noise_at(uv * 9.0), fine = noise_at(uv * 61.0);
    albedo *= 1.0 + 0.05 * blotch.x + 0.035 * fine.w;
    float height = finish.w > 0.0 ? texture(height_map, uv).r * finish.w : 0.0;
    height += 0.05 * fine.w * (1.0 - smoothstep(0.25, 0.9, pixel));
    n = bend(world, n, height);
    if (dot(n, v) < 0.0) n = normalize(n - 1.02 * dot(n, v) * v);
    float oily = texture(gloss_map, uv).r * 2.0 * (1.0 + 0.25 * blotch.x);
    float shadow = mix(0.55, 1.0, smoothstep(-9.0, -1.0, inside) < 1.0 ? smoothstep(0.0, 9.0, -inside) : 0.0);
    shadow = inside > -9.0 ? shadow : 1.0;
    float lips = masks.x;
    float radiance = shade(world, n, v, albedo, ambient * shadow, finish.z, finish.x * oily * (1.0 + 0.8 * lips), finish.y * (1.0 + lips));
    picture = vec2(radiance * mix(1.0, shadow, 0.4), masks.z > 0.5 ? word.w : word.x);
}
