// Code generated from spec/events.txt by internal/gen. DO NOT EDIT.

package events

import "github.com/ciokit/cio/internal/wire"

// ApplicationInstalled reports that a person opened the app for the first time after installing it. On the wire it is
// "Application Installed".
type ApplicationInstalled struct {
	// The app's version.
	Version string `json:"version,omitempty"`
	// The app's build.
	Build string `json:"build,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Application Installed".
func (ApplicationInstalled) EventName() string { return "Application Installed" }

var applicationInstalledKeys = []string{"version", "build"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e ApplicationInstalled) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("version", e.Version)
	o.String("build", e.Build)
	o.Extra(e.Extra, applicationInstalledKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e ApplicationInstalled) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// ApplicationOpened reports that a person opened the app or came back to it. On the wire it is "Application Opened".
type ApplicationOpened struct {
	// Whether the app was running in the background.
	FromBackground *bool `json:"from_background,omitempty"`
	// The link that opened the app; only iOS gives it.
	URL string `json:"url,omitempty"`
	// The app's version.
	Version string `json:"version,omitempty"`
	// The app's build.
	Build string `json:"build,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Application Opened".
func (ApplicationOpened) EventName() string { return "Application Opened" }

var applicationOpenedKeys = []string{"from_background", "url", "version", "build"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e ApplicationOpened) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.Bool("from_background", e.FromBackground)
	o.String("url", e.URL)
	o.String("version", e.Version)
	o.String("build", e.Build)
	o.Extra(e.Extra, applicationOpenedKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e ApplicationOpened) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// ApplicationUpdated reports that a person updated the app. On the wire it is "Application Updated".
type ApplicationUpdated struct {
	// The version before the update.
	PreviousVersion string `json:"previous_version,omitempty"`
	// The build before the update.
	PreviousBuild string `json:"previous_build,omitempty"`
	// The app's version.
	Version string `json:"version,omitempty"`
	// The app's build.
	Build string `json:"build,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Application Updated".
func (ApplicationUpdated) EventName() string { return "Application Updated" }

var applicationUpdatedKeys = []string{"previous_version", "previous_build", "version", "build"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e ApplicationUpdated) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("previous_version", e.PreviousVersion)
	o.String("previous_build", e.PreviousBuild)
	o.String("version", e.Version)
	o.String("build", e.Build)
	o.Extra(e.Extra, applicationUpdatedKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e ApplicationUpdated) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// ApplicationBackgrounded reports that a person sent the app to the background. On the wire it is "Application
// Backgrounded".
type ApplicationBackgrounded struct {
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Application Backgrounded".
func (ApplicationBackgrounded) EventName() string { return "Application Backgrounded" }

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e ApplicationBackgrounded) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.Extra(e.Extra, nil)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e ApplicationBackgrounded) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// ApplicationForegrounded reports that a person brought the app back from the background. On the wire it is
// "Application Foregrounded".
type ApplicationForegrounded struct {
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Application Foregrounded".
func (ApplicationForegrounded) EventName() string { return "Application Foregrounded" }

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e ApplicationForegrounded) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.Extra(e.Extra, nil)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e ApplicationForegrounded) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// ApplicationUninstalled reports that a person removed the app. On the wire it is "Application Uninstalled".
type ApplicationUninstalled struct {
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Application Uninstalled".
func (ApplicationUninstalled) EventName() string { return "Application Uninstalled" }

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e ApplicationUninstalled) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.Extra(e.Extra, nil)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e ApplicationUninstalled) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// ApplicationCrashed reports that the app crashed. On the wire it is "Application Crashed".
//
// No SDK sends it by itself.
type ApplicationCrashed struct {
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Application Crashed".
func (ApplicationCrashed) EventName() string { return "Application Crashed" }

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e ApplicationCrashed) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.Extra(e.Extra, nil)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e ApplicationCrashed) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }
