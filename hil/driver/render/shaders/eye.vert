// A patch of the static shell that the lids lie on.
in vec3 in_position;  // on the unit sphere, x towards the face's front
const int side = SIDE;
out vec3 world;
out vec3 local;  // head axes, from the shell's centre

void main() {
    local = in_position * shell[side].w;
    world = shell[side].xyz + local.x * head_axis[0].xyz + local.y * head_axis[1].xyz + local.z * head_axis[2].xyz;
    gl_Position = view_projection * vec4(world, 1.0);
}
