//go:build !linux

package main

import "syscall"

// setDeathSignal does nothing: this system has no such signal. A kill -9 of this program leaves its
// servers running.
func setDeathSignal(*syscall.SysProcAttr) {}
