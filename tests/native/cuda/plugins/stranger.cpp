// A library of the plug-in's name that is none.
extern "C" __attribute__((visibility("default"))) int somebody_elses_function() { return 1; }
