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

// The variables that let tests and notebooks send to a real workspace. A key and a region alone never do: who works with Customer.io has both
// set, and not for a workspace of tests.
const (
	// LiveEnv is 1 where it is meant.
	LiveEnv = "CIOKIT_LIVE"
	// WorkspaceEnv is the name of the workspace that is meant.
	WorkspaceEnv = "CIOKIT_LIVE_WORKSPACE"
)

// Allowed reports whether tests and notebooks may send to the real workspace that getenv names, and the name of that workspace. CIOKIT_LIVE
// counts only if live, what the process's environment has, is 1: a file that lies about must not switch it on. An error says what is missing.
func Allowed(live string, getenv func(string) string) (name string, ok bool, _ error) {
	switch live {
	case "", "0":
		return "", false, nil
	case "1":
	default:
		return "", false, fmt.Errorf("%s is 1, or not set", LiveEnv)
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
	// ErrNoWorkspace is a real workspace that nobody has named.
	ErrNoWorkspace = errors.New("say which workspace is meant, by the name that Customer.io shows: it must be one for tests")
	// ErrAnotherWorkspace is a name that the account does not have.
	ErrAnotherWorkspace = errors.New("the account has no workspace of this name")
	// ErrOwnMemory is something that is no emulator and has nothing but its own memory to read from.
	ErrOwnMemory = errors.New("it is no emulator, and may pass everything on to a real workspace. What can be read from it is its own memory, which proves nothing. " +
		"Send straight to Customer.io, or say where the workspace is read: set CUSTOMERIO_APP_API_KEY and CUSTOMERIO_REGION")
)

// look finds out what the address leads to, and changes nothing there. Where nothing answers the first call says why.
func (w *workspace) look(ctx context.Context) {
	if w.cfg.BaseURL != "" {
		w.emulated, _ = emulated.Answers(ctx, w.client.Target(), w.http.Transport)
	}
}

// appAddress is where the App API of the workspace is. One that is an emulator answers itself; what is behind anything else is asked at
// Customer.io's own address.
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

// confirm makes sure that the workspace is the one that is meant. It returns how sure that is.
func (w *workspace) confirm(ctx context.Context) (string, error) {
	if w.emulated {
		return "an emulator", nil
	}
	name := strings.TrimSpace(w.cfg.Workspace)
	if name == "" {
		return "", ErrNoWorkspace
	}
	if w.app == nil {
		return fmt.Sprintf("the workspace %q, as you say; without an App API key nobody can tell", name), nil
	}
	all, err := w.app.Workspaces(ctx)
	switch {
	case errors.Is(err, appapi.ErrUnauthorized) || ctx.Err() != nil:
		return "", err
	case err != nil || !slices.ContainsFunc(all, func(w appapi.Workspace) bool { return w.Name != "" }): // an emulator's has no name
		return fmt.Sprintf("the workspace %q, as you say; the App API did not tell", name), nil
	case !slices.ContainsFunc(all, func(w appapi.Workspace) bool { return w.Name == name }):
		return "", fmt.Errorf("%w: %q", ErrAnotherWorkspace, name)
	case len(all) == 1:
		return fmt.Sprintf("the workspace %q, as the App API says", name), nil
	}
	return fmt.Sprintf("the workspace %q, which is one of %d of the account; the App API does not tell which of them the key is of", name, len(all)), nil
}
