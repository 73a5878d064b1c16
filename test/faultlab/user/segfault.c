// SPDX-License-Identifier: MIT
/* Dies of a segmentation fault: what becomes of a machine whose init does so. */
void _start(void);

void _start(void)
{
	*(volatile int *)0x10 = 1;
}
