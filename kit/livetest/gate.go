package livetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ciokit/cio/appapi"
	"github.com/ciokit/cio/kit/internal/emulated"
)

// The variables that let tests and notebooks send to a real workspace. A key and a region are not enough: every user of Customer.io has both set, and
// usually not for a workspace for tests.
const (
	// LiveEnv must be 1.
	LiveEnv = "CIOKIT_LIVE"
	// WorkspaceEnv is the name of the intended workspace.
	WorkspaceEnv = "CIOKIT_LIVE_WORKSPACE"
)

// Allowed reports whether tests and notebooks may send to the real workspace that getenv names, and the name of that workspace. live is the value of
// CIOKIT_LIVE in the process's environment. It must be 1 there: a forgotten file must not switch it on. An error says what is missing.
func Allowed(live string, getenv func(string) string) (name string, ok bool, _ error) {
	switch live {
	case "", "0":
		return "", false, nil
	case "1":
	default:
		return "", false, fmt.Errorf("%s must be 1, or not set", LiveEnv)
	}
	if name = strings.TrimSpace(getenv(WorkspaceEnv)); name == "" {
		return "", false, fmt.Errorf("%s=1 sends to a real workspace: set %s to the name of the workspace for tests, as Customer.io shows it", LiveEnv, WorkspaceEnv)
	}
	if getenv("CUSTOMERIO_API_KEY") == "" || getenv("CUSTOMERIO_REGION") == "" && getenv("CUSTOMERIO_BASE_URL") == "" {
		return "", false, fmt.Errorf("%s=1 sends to a real workspace: set CUSTOMERIO_API_KEY and CUSTOMERIO_REGION too", LiveEnv)
	}
	return name, true, nil
}

// Errors of Open, before anything is sent.
var (
	// ErrNoWorkspace says that the workspace is real and its name was not given.
	ErrNoWorkspace = errors.New("give the name of a workspace for tests, as Customer.io shows it")
	// ErrAnotherWorkspace says that the account does not have a workspace with the given name.
	ErrAnotherWorkspace = errors.New("the account has no workspace of this name")
	// ErrOwnMemory says that a server is not an emulator and can only be read from its own memory.
	ErrOwnMemory = errors.New("the server is not an emulator, and may pass everything on to a real workspace. Only what the server has in memory can be read, and that proves nothing about the workspace. " +
		"Send directly to Customer.io, or read the workspace from there: set CUSTOMERIO_APP_API_KEY and CUSTOMERIO_REGION")
)

// look finds out what the address leads to, and changes nothing there. If nothing answers, the first call reports it.
func (w *workspace) look(ctx context.Context) {
	if w.cfg.BaseURL != "" {
		w.emulated, _ = emulated.Answers(ctx, w.client.Target(), w.http.Transport)
	}
}

// appAddress is the address of the workspace's App API. An emulator answers it itself; for any other server it is Customer.io's own address.
func (w *workspace) appAddress() (base string, _ error) {
	switch own := w.cfg.BaseURL; {
	case w.cfg.AppBaseURL != "" && (w.emulated || strings.TrimSuffix(w.cfg.AppBaseURL, "/") != strings.TrimSuffix(own, "/")):
		return w.cfg.AppBaseURL, nil
	case w.emulated:
		return own, nil
	case own != "" && (w.cfg.Region == "" || w.cfg.AppBaseURL != ""):
		return "", fmt.Errorf("%s: %w", w.client.Target(), ErrOwnMemory)
	}
	return "", nil
}

// confirm checks that the workspace is the intended one. It returns how that is known.
func (w *workspace) confirm(ctx context.Context) (string, error) {
	if w.emulated {
		return "an emulator", nil
	}
	name := strings.TrimSpace(w.cfg.Workspace)
	if name == "" {
		return "", ErrNoWorkspace
	}
	if w.app == nil {
		return fmt.Sprintf("the workspace %q, as you named it; without an App API key it cannot be checked", name), nil
	}
	all, err := w.app.Workspaces(ctx)
	switch {
	case errors.Is(err, appapi.ErrUnauthorized) || ctx.Err() != nil:
		return "", err
	case err != nil || !slices.ContainsFunc(all, func(w appapi.Workspace) bool { return w.Name != "" }): // an emulator's workspace has no name
		return fmt.Sprintf("the workspace %q, as you named it; the App API did not confirm it", name), nil
	case !slices.ContainsFunc(all, func(w appapi.Workspace) bool { return w.Name == name }):
		return "", fmt.Errorf("%w: %q", ErrAnotherWorkspace, name)
	case len(all) == 1:
		return fmt.Sprintf("the workspace %q, as the App API says", name), nil
	}
	return fmt.Sprintf("the workspace %q, one of %d in the account; the App API does not show to which of them the key belongs", name, len(all)), nil
}
