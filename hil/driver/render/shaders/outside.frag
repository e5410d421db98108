// What passes outside: sky; trees and houses at 9 m beside the road; farther ones as a backdrop by direction; the road; lamps.
in vec3 ray;
uniform sampler2D landscape_map;
out vec2 picture;

void main() {
    vec3 d = normalize(ray);
    float side = max(abs(d.y), 0.02);
    float far = 9.0 / side;                          // m along the ray to the roadside
    float along = d.x * far + more.y;
    float high = 1.3 + d.z * far;
    float sky = 1.0 - 0.25 * clamp(d.z * 1.5, 0.0, 1.0);
    float level = abs(d.x) + abs(d.y);
    float turn = d.x > 0.0 ? d.y / level : 2.0 - d.y / level;
    float rise = d.z / level + 0.012;
    vec2 back = vec2(turn * 0.75 + more.y / 3000.0, rise * 4.6);
    float bright = sky;
    if (rise > 0.0) {
        float size = max(length(fwidth(vec2(d.y, d.z))) * 700.0, 1.0);
        vec2 t = textureLod(landscape_map, vec2(back.x, min(back.y, 0.995)), clamp(log2(size) + 0.6, 1.2, 6.0)).rg;
        bright = mix(sky, mix(t.r * 0.75, 0.66 * sky, 0.45), t.g * step(back.y, 0.99));
    }
    if (high > 0.0) {
        vec2 at = vec2(along / 90.0 + (d.y > 0.0 ? 0.0 : 0.43), high / 9.0);
        float lod = log2(max(length(fwidth(at)) * 700.0, 1.0));
        vec2 t = textureLod(landscape_map, vec2(at.x, min(at.y, 0.995)), clamp(lod + 0.7, 2.0, 8.0)).rg;
        float near = 1.0 - smoothstep(14.0, 32.0, far);  // farther off only the backdrop: a wall of cardboard would show as spikes
        bright = mix(bright, t.r * 0.75, t.g * step(at.y, 0.99) * near);
    }
    if (rise <= 0.0 || (high <= 0.0 && far < 32.0)) {
        float ground = 1.3 / max(-d.z, 0.003);
        vec2 road = vec2(d.x * ground + more.y, d.y * ground);
        float stripe = smoothstep(0.12, 0.06, abs(abs(road.y) - 1.8)) * step(0.5, fract(road.x / 8.0));
        float tar = 0.27 + 0.06 * texture(landscape_map, road * vec2(0.006, 0.05)).r;
        float verge = smoothstep(4.2, 5.2, abs(road.y));
        bright = mix(mix(tar + 0.32 * stripe, 0.5, verge), 0.45, clamp(ground / 70.0, 0.0, 1.0));
    }
    float radiance = bright * light.z;
#ifdef LAMPS
        for (int i = -3; i < 7; ++i) {
            float x = float(i) * -28.0 + 14.0 + mod(-more.y, 28.0) - 28.0;
            for (int s = -1; s < 2; s += 2) {
                vec3 lamp = vec3(x, 7.5 * float(s), 5.5);
                float way = length(lamp);
                vec3 off = lamp / way - d;
                float size = 0.006 + 0.13 / way;
                radiance += light.w * 0.9 * exp(-dot(off, off) / (size * size));
            }
        }
#endif
    picture = vec2(radiance, 0.0);
}
