// Where cloth covers the figure's own body, in the rest frame: mm inside the cloth's edge. Used per vertex.
uniform sampler2D neckline_map;
uniform float sleeve_mm;
float covered(vec3 at) {
    float around = atan(at.y, at.x + 75.0) / 6.2831853 + 0.5;
    float below = textureLod(neckline_map, vec2(around, 0.5), 0.0).r - at.z;
    return clamp(min(below, sleeve_mm - abs(at.y)), -50.0, 50.0);
}
