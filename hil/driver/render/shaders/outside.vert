// One triangle over the whole picture, as far away as can be.
in vec2 in_position;
uniform mat3 rays;  // picture coordinates -1..1 to directions in the vehicle frame
out vec3 ray;

void main() {
    ray = rays * vec3(in_position, 1.0);
    gl_Position = vec4(in_position, 1.0, 1.0);
}
