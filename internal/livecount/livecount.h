#ifndef GLSLIVE_H
#define GLSLIVE_H

/* Live objects of each type. */
struct glslive_counts {
    long ssl, ctx, session, bio, x509, store, pkey;
};

struct glslive_counts glslive_now(void);

/* glslive_failed returns 1 if a type could not be registered. */
int glslive_failed(void);

#endif
