// An anatomical eye, traced behind each pixel of the shell: sclera ball, corneal bulge, iris plane seen by refraction, pupil.
in vec3 world;
in vec3 local;
const int side = SIDE;
uniform sampler2D iris_map;
out vec2 picture;

// Distance along d (unit) from o to the first meeting with a sphere round c; negative: none.
float meet(vec3 o, vec3 d, vec3 c, float r) {
    vec3 q = o - c;
    float b = dot(q, d);
    vec3 nearest = q - b * d;
    float h = r * r - dot(nearest, nearest);
    return h < 0.0 ? -1.0 : -b - sqrt(h);
}

float retro_light(vec3 at, vec3 v) {
    float sum = 0.0;
    for (int i = 0; i < COUNT; ++i) {
        vec3 l;
        float e = led_at(i, at, l);
        vec3 off = cross(l, v);
        sum += e * exp(-dot(off, off) * retro.y);
    }
    return sum * retro.x;
}

void main() {
    vec3 ex = axis[3 * side].xyz, ey = axis[3 * side + 1].xyz, ez = axis[3 * side + 2].xyz;
    mat3 to_world = mat3(ex, ey, ez);
    float cornea = axis[3 * side].w, ahead = axis[3 * side + 1].w, plane = axis[3 * side + 2].w;
    float ball = centre[side].w, edge = iris[side].x, pupil = iris[side].y;
    vec3 ray = normalize(world - camera.xyz);
    vec3 v = -ray;
    vec3 o = (world - centre[side].xyz - ray * 12.0) * to_world;  // eye axes; starts before the cornea
    vec3 d = ray * to_world;
    float px = distance(camera.xyz, world) * camera.w;

    // Shade under the lids and in the corners, in head axes.
    float top = upper[side].x + local.y * (upper[side].y + local.y * upper[side].z) - local.z;
    float bottom = local.z - lower[side].x - local.y * (lower[side].y + local.y * lower[side].z);
    float lid = 1.0 - 0.52 * exp(-max(top, 0.0) / 1.2) - 0.25 * exp(-max(bottom, 0.0) / 0.8);
    float corner = 1.0 - 0.4 * smoothstep(8.0, 14.0, abs(local.y));
    float slit = 0.45 + 0.55 * smoothstep(0.2, 2.5, top + bottom);
    float shadow = max(lid, 0.15) * corner * slit;

    float tb = meet(o, d, vec3(0.0), ball);
    vec3 on = tb > 0.0 ? o + d * tb : normalize((world - centre[side].xyz) * to_world) * ball;
    vec3 shell_n = normalize(world - shell[side].xyz);
    float tc = meet(o, d, vec3(ahead, 0.0, 0.0), cornea);
    vec3 hit = o + d * tc;
    float limbus_x = (ball * ball - cornea * cornea + ahead * ahead) / (2.0 * ahead);
    float rim = sqrt(max(ball * ball - limbus_x * limbus_x, 1.0));
    bool through = tc > 0.0 && hit.x > limbus_x - 0.3;
    float reach = through ? length(hit.yz) : 99.0;
    float clear = smoothstep(edge + 1.0, edge - 0.55, reach);

    vec2 vein = on.yz * vec2(0.045, 0.06);
    float red = noise_at(vein + 0.2 * side).x;
    float veins = 1.0 - 0.16 * smoothstep(0.25, 0.75, red) * smoothstep(6.0, 11.0, length(on.yz));
    vec3 white_n = normalize(mix(to_world * normalize(on), shell_n, 0.5));
    float white = matt(world, white_n, tint.x * veins, shadow, 0.35);
    float radiance = white * mix(1.0, shadow, 0.75);
    float id = eye_word.x;
    vec3 n = white_n;
    float turn = px / ball;

    if (clear > 0.0) {
        vec3 nl = (hit - vec3(ahead, 0.0, 0.0)) / cornea;
        vec3 bent = refract(d, nl, 1.0 / 1.336);
        float run = (plane - hit.x) / min(bent.x, -0.05);
        vec3 q = hit + bent * max(run, 0.0);
        float r = length(q.yz);
        float share = clamp((r - pupil) / max(edge - pupil, 0.5), 0.0, 1.0);
        float around = atan(q.z, q.y) / 6.2831853;
        float fibre = textureLod(iris_map, vec2(around + 0.31 * side, share * 0.9 + 0.05), clamp(log2(px * 6.0), 0.0, 4.0)).r;
        float a = tint.y * (1.0 + tint.z * 1.7 * (fibre - 0.5));
        a *= 1.0 - 0.35 * smoothstep(0.72, 1.0, share);        // darker towards the limbus
        a *= 0.85 + 0.15 * smoothstep(0.0, 0.1, share);        // and at the pupil
        vec3 in_n = normalize(ex + 0.25 * (ey * q.y + ez * q.z) / edge);
        float depth = matt(world, in_n, a, shadow, 0.3) * mix(1.0, shadow, 0.7);
        float soft = max(0.06, 0.5 * px);
        float hole = smoothstep(pupil + soft, pupil - soft, r);
        float black = 0.006 * (light.x + light.y) + retro_light(world, v) * mix(1.0, shadow, 0.5);
        float deep = mix(depth, black, hole);
        radiance = mix(radiance, deep, clear);
        if (r < pupil && reach < rim) id = eye_word.y;
        n = normalize(mix(white_n, to_world * nl, smoothstep(rim + 0.2, rim - 0.6, reach)));
        turn = mix(turn, px / cornea, clear);
    }
    float wet = clear > 0.5 ? 0.026 : 0.02 * clear + 0.004;
    float rough = clear > 0.5 ? 0.03 : 0.09;
    float free = smoothstep(-0.2, 0.5, top) * slit;
    float ring = smoothstep(rim - 0.9, rim - 0.3, reach) * (1.0 - smoothstep(rim + 0.1, rim + 0.3, reach));
    wet *= 1.0 - 0.85 * ring;  // the edge of the cornea is no clean mirror
    radiance += wet * free * spots(world, n, v, vec2(rough), 0.55 * turn).x;
    radiance += 0.03 * free * (light.z * 0.8 + sun.w * 0.4) * mirrored_windows(reflect(ray, n)) * (0.35 + 0.65 * clear);
    // Tear line along the lower lid.
    float tear = exp(-pow((bottom - 0.25) / 0.28, 2.0)) * min(1.0, 0.5 / max(px, 0.05));
    radiance += tear * 0.05 * (light.x + light.y);
    picture = vec2(radiance, id);
}
