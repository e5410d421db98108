// llvmpipe runs both sides of every branch: what is not needed is left out by switches, not by ifs.
// Light on a surface. Radiances in the unit of pose.Light; a white matt surface under irradiance pi has radiance 1.
uniform sampler2D noise_map;
uniform sampler2DShadow shadow_map;

// Matt surfaces see LEDs that stand close together as two of them with the power of all (uniforms.two_stand_for_all).
#ifdef PAIR
const int KEYS = 2;
#define KEY(i) ((i) == 0 ? (COUNT - 1) / 4 : COUNT - 1 - (COUNT - 1) / 4)
float key_gain() { return 422500.0 / (led_place[KEY(0)].w + led_place[KEY(1)].w); }
#else
const int KEYS = COUNT;
#define KEY(i) (i)
float key_gain() { return 1.0; }
#endif

// Irradiance / pi of LED i at p, facing it; l becomes the direction towards it.
float led_at(int i, vec3 p, out vec3 l) {
    vec3 way = led_place[i].xyz - p;
    float d2 = dot(way, way);
    l = way * inversesqrt(d2);
    float beam = max(-dot(l, led_axis[i].xyz), 0.0);
    return light.x * led_place[i].w / d2 * pow(beam, led_axis[i].w);
}

float sun_seen(vec3 p, vec3 n) {
    vec3 at = (sun_projection * vec4(p + n * 4.0, 1.0)).xyz * 0.5 + 0.5;
    at.z -= 0.0012;
    const float s = 0.7 / 1024.0;
    float seen = 0.25 * (texture(shadow_map, at + vec3(s, s, 0)) + texture(shadow_map, at + vec3(-s, s, 0))
                 + texture(shadow_map, at + vec3(s, -s, 0)) + texture(shadow_map, at + vec3(-s, -s, 0)));
    vec3 edge = abs(at - 0.5);
    return max(max(edge.x, edge.y), edge.z) > 0.5 ? 1.0 : seen;
}

// Diffuse light of the cabin from a direction range: windscreen ahead and above, side windows.
float surrounding(vec3 n) {
    return 0.5 + 0.34 * dot(n, vec3(0.62, 0.0, 0.28)) + 0.16 * abs(n.y) + 0.1 * more.w * n.y;
}

// Bright windows as a mirror shows them.
float mirrored_windows(vec3 r) {
    float high = smoothstep(-0.02, 0.1, r.z) * (1.0 - smoothstep(0.38, 0.5, r.z));
    float side = smoothstep(0.45, 0.6, abs(r.y)) * (1.0 - smoothstep(0.93, 0.99, abs(r.y)));
    float screen = smoothstep(0.55, 0.7, r.x) * smoothstep(0.0, 0.12, r.z) * (1.0 - smoothstep(0.5, 0.6, r.z));
    return max(high * side, screen);
}

// Light thrown back by a matt surface with soft terminator.
float matt(vec3 p, vec3 n, float albedo, float ambient, float wrap) {
    float diffuse = 0.0;
    float keep = 1.0 / (1.0 + wrap);
    for (int i = 0; i < KEYS; ++i) {
        vec3 l;
        float e = led_at(KEY(i), p, l);
        diffuse += e * max(dot(n, l) + wrap, 0.0);
    }
    diffuse *= key_gain() * keep * (0.55 + 0.45 * ambient);
    diffuse += light.x * 0.035 * ambient;  // LED light that the cabin throws back
#ifdef SUN
    diffuse += sun.w * (sun_seen(p, n) * max(dot(n, sun.xyz) + wrap, 0.0) * keep + 0.03 * ambient);
#endif
    return albedo * (diffuse + light.y * ambient * surrounding(n));
}

// The same with one highlight a light (Blinn, energy kept) and a mirror of the surroundings at grazing angles.
float shade(vec3 p, vec3 n, vec3 v, float albedo, float ambient, float wrap, float specular, float gloss) {
    float diffuse = 0.0, shine = 0.0;
    float keep = 1.0 / (1.0 + wrap);
    float edge = 1.0 - max(dot(n, v), 0.0);
    float edge2 = edge * edge;
    float mirror = specular + (1.0 - specular) * 0.35 * edge2 * edge2 * edge;
    float around = light.y * ambient * surrounding(n);
    for (int i = 0; i < KEYS; ++i) {
        vec3 l;
        float e = led_at(KEY(i), p, l);
        float nl = dot(n, l);
        vec3 h = l + v;
        float nh = max(dot(n, h), 0.0) * inversesqrt(dot(h, h));
        diffuse += e * max(nl + wrap, 0.0);
        shine += e * max(nl, 0.0) * exp2(gloss * log2(nh + 1e-6));
    }
    float gain = key_gain();
    shine *= gain;
    diffuse *= gain * keep * (0.55 + 0.45 * ambient);
    diffuse += light.x * 0.035 * ambient;
#ifdef SUN
    float seen = sun_seen(p, n) * sun.w, nl = dot(n, sun.xyz);
    diffuse += seen * max(nl + wrap, 0.0) * keep + sun.w * 0.03 * ambient;
    shine += seen * max(nl, 0.0) * pow(max(dot(n, normalize(sun.xyz + v)), 0.0), gloss);
#endif
    return albedo * (diffuse + around) + mirror * ((gloss + 8.0) / 8.0 * shine * (0.4 + 0.6 * ambient) + around);
}

// Mirror images of the lights in a smooth surface: small bright spots, never smaller than a pixel shows, energy kept.
// blur: of the spot and of a wide faint halo; turn: how much the normal changes within a pixel, rad.
// Returns radiance per unit of mirrored share: spot, halo.
vec2 spots(vec3 p, vec3 n, vec3 v, vec2 blur, float turn) {
    vec2 total = vec2(0.0);
    vec2 s2 = 1.0 / (blur * blur + 4.0 * turn * turn);  // a kernel with an end: a spot 100 times too bright stays a spot
    for (int i = 0; i < COUNT; ++i) {
        vec3 l;
        float e = led_at(i, p, l);
        vec3 off = n - normalize(l + v);
        vec2 near = max(1.0 - 0.6666667 * dot(off, off) * s2, 0.0);
        total += e * near * near;
    }
#ifdef SUN
    vec3 off = n - normalize(sun.xyz + v);
    vec2 near = max(1.0 - 0.6666667 * dot(off, off) * s2, 0.0);
    total += sun.w * sun_seen(p, n) * near * near;
#endif
    return total * 0.5 * s2;
}

vec4 noise_at(vec2 at) { return texture(noise_map, at) * 2.0 - 1.0; }
