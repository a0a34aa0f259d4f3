/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_BASE_HEAP_H
#define DORAD_BASE_HEAP_H

/* What the C library keeps of freed memory for the next busy hour, in a daemon that is small
 * while nothing comes. Nothing here changes what malloc gives. */

/* Before the first thread: large pieces are kept, as long as there is work. */
void heap_begin(void);

/* By each thread when it has nothing to do for a while: gives back what is free, all over and
 * at the end of this thread's own heap. */
void heap_rest(void);

#endif
