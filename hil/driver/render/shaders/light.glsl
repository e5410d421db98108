// Light on a surface. Radiances in the unit of pose.Light; a white matt surface under irradiance pi has radiance 1.
uniform sampler2D noise_map;
uniform sampler2DShadow shadow_map;

// Irradiance / pi of LED i at p, facing it; l becomes the direction towards it.
float led_at(int i, vec3 p, out vec3 l) {
    vec3 way = led_place[i].xyz - p;
    float d2 = dot(way, way);
    l = way * inversesqrt(d2);
    float beam = max(-dot(l, led_axis[i].xyz), 0.0);
    return light.x * led_place[i].w / d2 * pow(beam, led_axis[i].w);
}

float sun_seen(vec3 p, vec3 n) {
    if (more.z < 0.5) return 1.0;
    vec3 at = (sun_projection * vec4(p + n * 4.0, 1.0)).xyz * 0.5 + 0.5;
    if (any(lessThan(at, vec3(0.0))) || any(greaterThan(at, vec3(1.0)))) return 1.0;
    at.z -= 0.0012;
    const float s = 0.7 / 1024.0;
    return 0.25 * (texture(shadow_map, at + vec3(s, s, 0)) + texture(shadow_map, at + vec3(-s, s, 0))
                 + texture(shadow_map, at + vec3(s, -s, 0)) + texture(shadow_map, at + vec3(-s, -s, 0)));
}

// Diffuse light of the cabin from a direction range: windscreen ahead and above, side windows.
float surrounding(vec3 n) {
    return 0.5 + 0.34 * dot(n, vec3(0.62, 0.0, 0.42)) + 0.16 * abs(n.y) + 0.1 * more.w * n.y;
}

// Bright windows as a mirror shows them.
float mirrored_windows(vec3 r) {
    float high = smoothstep(-0.02, 0.1, r.z) * (1.0 - smoothstep(0.38, 0.5, r.z));
    float side = smoothstep(0.45, 0.6, abs(r.y)) * (1.0 - smoothstep(0.93, 0.99, abs(r.y)));
    float screen = smoothstep(0.55, 0.7, r.x) * smoothstep(0.0, 0.12, r.z) * (1.0 - smoothstep(0.5, 0.6, r.z));
    return max(high * side, screen);
}

// Light thrown back by a surface: diffuse with soft terminator, and one highlight (Blinn, energy kept) per light.
float shade(vec3 p, vec3 n, vec3 v, float albedo, float ambient, float wrap, float specular, float gloss) {
    float diffuse = 0.0, shine = 0.0;
    float keep = 1.0 / ((1.0 + wrap) * (1.0 + wrap));
    float edge = 1.0 - max(dot(n, v), 0.0);
    float mirror = specular + (1.0 - specular) * 0.35 * edge * edge * edge * edge * edge;
    float lobe = (gloss + 8.0) / 8.0;
    int count = int(more.x);
    for (int i = 0; i < count; ++i) {
        vec3 l;
        float e = led_at(i, p, l);
        float lit = max(dot(n, l) + wrap, 0.0);
        diffuse += e * lit * keep * (1.0 + wrap);
        shine += e * max(dot(n, l), 0.0) * pow(max(dot(n, normalize(l + v)), 0.0), gloss);
    }
    diffuse *= 0.55 + 0.45 * ambient;
    diffuse += light.x * 0.025 * ambient;  // LED light that the cabin throws back
    if (sun.w > 0.0) {
        float seen = sun_seen(p, n) * sun.w;
        diffuse += seen * max(dot(n, sun.xyz) + wrap, 0.0) * keep * (1.0 + wrap) + sun.w * 0.03 * ambient;
        shine += seen * max(dot(n, sun.xyz), 0.0) * pow(max(dot(n, normalize(sun.xyz + v)), 0.0), gloss);
    }
    diffuse += light.y * ambient * surrounding(n);
    return albedo * diffuse + mirror * (lobe * shine * (0.4 + 0.6 * ambient) + light.y * ambient * surrounding(reflect(-v, n)));
}

// Mirror images of the lights in a smooth surface: small bright spots, never smaller than a pixel shows, energy kept.
// turn: how much the normal changes within a pixel, rad. Returns radiance per unit of mirrored share.
float spots(vec3 p, vec3 n, vec3 v, float blur, float turn) {
    float total = 0.0;
    float s2 = blur * blur + 4.0 * turn * turn;
    int count = int(more.x);
    for (int i = 0; i < count; ++i) {
        vec3 l;
        float e = led_at(i, p, l);
        vec3 off = n - normalize(l + v);
        total += e * exp(-2.0 * dot(off, off) / s2);
    }
    total *= 0.5 / s2;
    if (sun.w > 0.0) {
        vec3 off = n - normalize(sun.xyz + v);
        total += sun.w * sun_seen(p, n) * exp(-2.0 * dot(off, off) / s2) * 0.5 / s2;
    }
    return total;
}

vec4 noise_at(vec2 at) { return texture(noise_map, at) * 2.0 - 1.0; }
