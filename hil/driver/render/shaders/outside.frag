// What passes outside: sky, trees and houses at 9 m beside the road, the road; lamps at night.
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
    float bright = sky;
    vec2 at = vec2(along / 90.0 + (d.y > 0.0 ? 0.0 : 0.43), high / 9.0);
    if (high > 0.0) {
        float lod = log2(max(length(fwidth(at)) * 700.0, 1.0));
        vec2 t = textureLod(landscape_map, vec2(at.x, min(at.y, 0.995)), clamp(lod + 0.7, 2.0, 8.0)).rg;
        float haze = smoothstep(15.0, 130.0, far);
        bright = mix(sky, mix(t.r * 0.75, 0.62 * sky, haze), t.g * step(at.y, 0.99));
    } else {
        float ground = 1.3 / max(-d.z, 0.003);
        vec2 road = vec2(d.x * ground + more.y, d.y * ground);
        float stripe = smoothstep(0.12, 0.06, abs(abs(road.y) - 1.8)) * step(0.5, fract(road.x / 8.0));
        bright = mix(0.3 + 0.3 * stripe, 0.45, clamp(ground / 60.0, 0.0, 1.0));
        bright += 0.03 * texture(landscape_map, road * 0.02).r;
    }
    float radiance = bright * light.z;
#ifdef LAMPS
        for (int i = -3; i < 7; ++i) {
            float x = float(i) * -28.0 + 14.0 + mod(-more.y, 28.0) - 28.0;
            for (int s = -1; s < 2; s += 2) {
                vec3 lamp = vec3(x, 7.5 * float(s), 5.5);
                float way = length(lamp);
                vec3 off = lamp / way - d;
                float size = 0.012 + 0.16 / way;
                radiance += light.w * 0.7 * exp(-dot(off, off) / (size * size));
            }
        }
#endif
    picture = vec2(radiance, 0.0);
}
