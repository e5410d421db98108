// Both eyes of a figure; std140, packed by uniforms.py.
layout(std140) uniform Eyes {
    vec4 head_axis[3];    // head axes in the vehicle frame
    vec4 shell[2];        // centre, radius
    vec4 centre[2];       // of the ball, radius
    vec4 axis[6];         // rows: eye x, y, z in the vehicle frame; w: cornea radius, its centre, iris plane
    vec4 iris[2];         // iris radius, pupil radius, -, -
    vec4 upper[2];        // lid margin height over the shell's centre in head axes: a + b y + c y2
    vec4 lower[2];
    vec4 tint;            // sclera, iris, contrast, -
    vec4 retro;           // bright pupil, 1 / (2 sigma2), -, -
    vec4 eye_word;        // eye, pupil
};
