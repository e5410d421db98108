// The material of a mesh; std140, packed by uniforms.py.
layout(std140) uniform Surface {
    vec4 look;      // albedo, specular, gloss, wrap
    vec4 grain;     // noise, tiles per mm, folds, weave
    vec4 kind;      // id, reflect, alpha, two-sided
    vec4 maps;      // has texture, has its coverage, has height, mm height
    vec4 strand;    // across, root, tip, wave
    vec4 strand_more;  // ragged, clump, shine, sharp
};
uniform sampler2D albedo_map;
uniform sampler2D height_map;
