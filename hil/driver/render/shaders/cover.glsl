// Where cloth covers the figure's own body, in the rest frame: mm inside the cloth's edge.
uniform sampler2D neckline_map;
uniform float sleeve_mm;
float covered(vec3 at) {
    float around = atan(at.y, at.x + 75.0) / 6.2831853 + 0.5;
    float below = texture(neckline_map, vec2(around, 0.5)).r - at.z;
    return min(below, sleeve_mm - abs(at.y));
}
