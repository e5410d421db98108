// Skin; with DRESSED also the cloth and the belt that cover the figure's own body (both are always computed: keep it short).
in vec3 world;
in vec3 normal;
in vec3 rest;
in vec2 uv;
in float ambient;
in vec4 masks;
in float inside;
uniform sampler2D albedo_map;
uniform sampler2D height_map;
uniform sampler2D gloss_map;
uniform vec4 tone;        // base, lips, lids, nails
uniform vec4 finish;      // specular, gloss, wrap, height mm
uniform float cavity;     // how much a hollow keeps the LEDs' light out, too
uniform vec4 cloth_look;  // albedo, folds, weave, wrap
uniform vec4 belt;        // on, mm towards the neck, -, 1 or -1: from the driver's door or from the other one
uniform vec4 word;        // skin, cloth, belt, inside of the mouth
#ifdef PATTERN
uniform sampler2D cloth_map;
#endif
out vec2 picture;

void main() {
    vec3 v = camera.xyz - world;
    float far = length(v);
    v /= far;
    float pixel = far * camera.w;
    vec3 n = normalize(normal);
    float albedo = tone.x * texture(albedo_map, uv).r;
    albedo *= mix(1.0, tone.y, masks.x) * mix(1.0, tone.z, masks.y) * mix(1.0, tone.w, masks.w) * mix(1.0, 0.4, masks.z);
    vec4 fine = noise_at(uv * 61.0);
    vec3 m = n;
#ifdef FINE
    vec4 blotch = noise_at(uv * 9.0);
    albedo *= 1.0 + 0.05 * blotch.x + 0.025 * fine.w;
    float height = texture(height_map, uv).r * finish.w + 0.028 * fine.w * (1.0 - smoothstep(0.25, 0.9, pixel));
    m = bend(world, n, height);
    float oily = texture(gloss_map, uv).r * (1.0 + 0.25 * blotch.x);
#else
    albedo *= 1.0 + 0.05 * fine.x;
    m = bend(world, n, texture(height_map, uv).r * finish.w);
    float oily = texture(gloss_map, uv).r;
#endif
    float facing = dot(m, v);
    m = normalize(m - min(facing - 0.02, 0.0) * v);
    float specular = finish.x * oily * (1.0 + 0.8 * masks.x), gloss = finish.y * (1.0 + masks.x), wrap = finish.z;
    float id = masks.z > 0.5 ? word.w : word.x;
    float shadow = 1.0;
#ifdef DRESSED
    float cloth = cloth_look.x;
#ifdef PATTERN
    cloth *= texture(cloth_map, uv).r;
#endif
    vec3 c = fabric(rest, n, cloth_look.y, cloth_look.z, pixel, cloth);
    cloth *= 0.86 + 0.14 * smoothstep(9.0, 10.5, inside);
    bool on = inside > 0.0;
    shadow = on ? 0.82 + 0.18 * smoothstep(0.0, 2.5, inside) : 0.65 + 0.35 * smoothstep(0.0, 9.0, -inside);
    float across = abs((rest.y * more.w * belt.w - 128.0 + belt.y) * 0.857 - (rest.z + 215.0) * 0.514);
    bool near = on && belt.x > 0.5 && across < 27.0 && rest.x > -150.0 && abs(rest.y) < 190.0;
    bool band = near && across < 24.0;
    shadow *= near && !band ? 0.6 : 1.0;
    float webbing = more.x * (0.9 + 0.12 * sin(across * 2.6) * (1.0 - smoothstep(0.5, 1.0, pixel))) * (across > 21.5 ? 1.25 : 1.0);
    albedo = band ? webbing : (on ? cloth : albedo);
    m = band ? n : (on ? c : m);
    specular = band ? 0.04 : (on ? 0.008 : specular);
    gloss = on ? 12.0 : gloss;
    wrap = on ? cloth_look.w : wrap;
    id = band ? word.z : (on ? word.y : id);
#endif
    float radiance = shade(world, m, v, albedo * shadow, ambient * shadow, wrap, specular, gloss);
    picture = vec2(radiance * mix(1.0, ambient, max(cavity * (1.0 - 0.6 * masks.w), 0.7 * masks.z)), id);
}
