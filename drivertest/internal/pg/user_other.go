//go:build !linux

package pg

import "syscall"

// attributes are those of the current user.
func attributes(string) (*syscall.SysProcAttr, error) { return nil, nil } //nolint:nilnil // none are needed
