package main

import "syscall"

// setDeathSignal makes the kernel end the child when the thread that starts it ends, so that not even a
// kill -9 of this program leaves a server behind.
func setDeathSignal(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGTERM }
