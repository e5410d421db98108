// What all shaders share: one frame's camera and light. std140; packed by uniforms.py.
#define LEDS 8
const float PI = 3.14159265;
layout(std140) uniform Frame {
    mat4 view_projection;
    mat4 sun_projection;
    vec4 camera;              // place, size of a pixel at 1 mm
    vec4 led_place[LEDS];     // place, intensity: share x 650 mm squared
    vec4 led_axis[LEDS];      // direction, exponent
    vec4 sun;                 // direction towards the sun, radiance
    vec4 light;               // led, ambient, outside, street
    vec4 more;                // albedo of the belt, travelled m, -, side of the driver's door (+1 left, -1 right)
};
