// A normal bent by a height (mm) that is known per pixel (bump mapping of surfaces without tangents).
vec3 bend(vec3 p, vec3 n, float height) {
    vec3 px = dFdx(p), py = dFdy(p);
    vec3 a = cross(py, n), b = cross(n, px);
    float area = dot(px, a);
    vec3 slope = sign(area) * (dFdx(height) * a + dFdy(height) * b);
    vec3 out_ = abs(area) * n - slope;
    return dot(out_, out_) > 1e-12 ? normalize(out_) : n;
}
