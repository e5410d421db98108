// Where cloth covers the figure's own body, in the rest frame: mm inside the cloth's edge. Used per vertex.
uniform sampler2D neckline_map;
uniform vec4 sleeve;  // axis of the left arm, how far along it the sleeve reaches
float covered(vec3 at) {
    float around = atan(at.y, at.x + 75.0) / 6.2831853 + 0.5;
    float below = textureLod(neckline_map, vec2(around, 0.5), 0.0).r - at.z;
    float out_ = abs(at.y);
    float arm = sleeve.w - dot(sleeve.xyz, vec3(at.x, out_, at.z)) + 6.0 * max(215.0 - out_, 0.0);  // never on the trunk
    return clamp(min(below, arm), -50.0, 50.0);
}
