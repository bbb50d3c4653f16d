// The emulated CUDA engine as a plug-in: all of it is in the library that this links.
