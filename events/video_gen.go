// Code generated from spec/events.txt by internal/gen. DO NOT EDIT.

package events

import (
	"time"

	"github.com/ciokit/cio/internal/wire"
)

// VideoPlaybackStarted reports that a person pressed play. On the wire it is "Video Playback Started".
type VideoPlaybackStarted struct {
	// The identifiers of the contents about to play.
	ContentAssetIDs []string `json:"content_asset_ids,omitempty"`
	// The identifiers of their parts; ads divide content into parts.
	ContentPodIDs []string `json:"content_pod_ids,omitempty"`
	// The identifier of the playback session; the same in all playback, content and ad events of it.
	SessionID string `json:"session_id,omitempty"`
	// The identifier of the ad that is playing.
	AdAssetID string `json:"ad_asset_id,omitempty"`
	// The identifier of the group of ads that is playing.
	AdPodID string `json:"ad_pod_id,omitempty"`
	// The place of that ad.
	AdType AdType `json:"ad_type,omitempty"`
	// The position of the playhead, with the ads seen so far. In seconds.
	Position *int `json:"position,omitempty"`
	// The length of the whole playback with its ads; left out for a livestream. In seconds.
	TotalLength *int `json:"total_length,omitempty"`
	// The bit rate at this moment. In kbit/s.
	Bitrate *int `json:"bitrate,omitempty"`
	// The average frame rate. In frames/s.
	Framerate *int `json:"framerate,omitempty"`
	// The name of the player, such as youtube.
	VideoPlayer string `json:"video_player,omitempty"`
	// The player's volume. From 0 to 100.
	Sound *int `json:"sound,omitempty"`
	// Whether the playback fills the screen.
	FullScreen *bool `json:"full_screen,omitempty"`
	// Whether ads can be shown; false if a blocker is on.
	AdEnabled *bool `json:"ad_enabled,omitempty"`
	// The picture quality, such as 480p.
	Quality string `json:"quality,omitempty"`
	// Whether this is a livestream.
	Livestream *bool `json:"livestream,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Video Playback Started".
func (VideoPlaybackStarted) EventName() string { return "Video Playback Started" }

var videoPlaybackStartedKeys = []string{"content_asset_ids", "content_pod_ids", "session_id", "ad_asset_id", "ad_pod_id", "ad_type", "position", "total_length", "bitrate", "framerate", "video_player", "sound", "full_screen", "ad_enabled", "quality", "livestream"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e VideoPlaybackStarted) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.Strings("content_asset_ids", e.ContentAssetIDs)
	o.Strings("content_pod_ids", e.ContentPodIDs)
	o.String("session_id", e.SessionID)
	o.String("ad_asset_id", e.AdAssetID)
	o.String("ad_pod_id", e.AdPodID)
	o.String("ad_type", string(e.AdType))
	o.Int("position", e.Position)
	o.Int("total_length", e.TotalLength)
	o.Int("bitrate", e.Bitrate)
	o.Int("framerate", e.Framerate)
	o.String("video_player", e.VideoPlayer)
	o.Int("sound", e.Sound)
	o.Bool("full_screen", e.FullScreen)
	o.Bool("ad_enabled", e.AdEnabled)
	o.String("quality", e.Quality)
	o.Bool("livestream", e.Livestream)
	o.Extra(e.Extra, videoPlaybackStartedKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e VideoPlaybackStarted) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// VideoPlaybackPaused reports that a person paused the playback. On the wire it is "Video Playback Paused".
type VideoPlaybackPaused struct {
	// The identifier of the content that is playing.
	ContentAssetID string `json:"content_asset_id,omitempty"`
	// The identifier of the part of the content that is playing; ads divide content into parts.
	ContentPodID string `json:"content_pod_id,omitempty"`
	// The identifier of the playback session; the same in all playback, content and ad events of it.
	SessionID string `json:"session_id,omitempty"`
	// The identifier of the ad that is playing.
	AdAssetID string `json:"ad_asset_id,omitempty"`
	// The identifier of the group of ads that is playing.
	AdPodID string `json:"ad_pod_id,omitempty"`
	// The place of that ad.
	AdType AdType `json:"ad_type,omitempty"`
	// The position of the playhead, with the ads seen so far. In seconds.
	Position *int `json:"position,omitempty"`
	// The length of the whole playback with its ads; left out for a livestream. In seconds.
	TotalLength *int `json:"total_length,omitempty"`
	// The bit rate at this moment. In kbit/s.
	Bitrate *int `json:"bitrate,omitempty"`
	// The average frame rate. In frames/s.
	Framerate *int `json:"framerate,omitempty"`
	// The name of the player, such as youtube.
	VideoPlayer string `json:"video_player,omitempty"`
	// The player's volume. From 0 to 100.
	Sound *int `json:"sound,omitempty"`
	// Whether the playback fills the screen.
	FullScreen *bool `json:"full_screen,omitempty"`
	// Whether ads can be shown; false if a blocker is on.
	AdEnabled *bool `json:"ad_enabled,omitempty"`
	// The picture quality, such as 480p.
	Quality string `json:"quality,omitempty"`
	// Whether this is a livestream.
	Livestream *bool `json:"livestream,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Video Playback Paused".
func (VideoPlaybackPaused) EventName() string { return "Video Playback Paused" }

var videoPlaybackPausedKeys = []string{"content_asset_id", "content_pod_id", "session_id", "ad_asset_id", "ad_pod_id", "ad_type", "position", "total_length", "bitrate", "framerate", "video_player", "sound", "full_screen", "ad_enabled", "quality", "livestream"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e VideoPlaybackPaused) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("content_asset_id", e.ContentAssetID)
	o.String("content_pod_id", e.ContentPodID)
	o.String("session_id", e.SessionID)
	o.String("ad_asset_id", e.AdAssetID)
	o.String("ad_pod_id", e.AdPodID)
	o.String("ad_type", string(e.AdType))
	o.Int("position", e.Position)
	o.Int("total_length", e.TotalLength)
	o.Int("bitrate", e.Bitrate)
	o.Int("framerate", e.Framerate)
	o.String("video_player", e.VideoPlayer)
	o.Int("sound", e.Sound)
	o.Bool("full_screen", e.FullScreen)
	o.Bool("ad_enabled", e.AdEnabled)
	o.String("quality", e.Quality)
	o.Bool("livestream", e.Livestream)
	o.Extra(e.Extra, videoPlaybackPausedKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e VideoPlaybackPaused) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// VideoPlaybackInterrupted reports that the playback stopped against the person's will. On the wire it is "Video
// Playback Interrupted".
type VideoPlaybackInterrupted struct {
	// What stopped it, such as a call or a locked device.
	Method string `json:"method,omitempty"`
	// The identifier of the content that is playing.
	ContentAssetID string `json:"content_asset_id,omitempty"`
	// The identifier of the part of the content that is playing; ads divide content into parts.
	ContentPodID string `json:"content_pod_id,omitempty"`
	// The identifier of the playback session; the same in all playback, content and ad events of it.
	SessionID string `json:"session_id,omitempty"`
	// The identifier of the ad that is playing.
	AdAssetID string `json:"ad_asset_id,omitempty"`
	// The identifier of the group of ads that is playing.
	AdPodID string `json:"ad_pod_id,omitempty"`
	// The place of that ad.
	AdType AdType `json:"ad_type,omitempty"`
	// The position of the playhead, with the ads seen so far. In seconds.
	Position *int `json:"position,omitempty"`
	// The length of the whole playback with its ads; left out for a livestream. In seconds.
	TotalLength *int `json:"total_length,omitempty"`
	// The bit rate at this moment. In kbit/s.
	Bitrate *int `json:"bitrate,omitempty"`
	// The average frame rate. In frames/s.
	Framerate *int `json:"framerate,omitempty"`
	// The name of the player, such as youtube.
	VideoPlayer string `json:"video_player,omitempty"`
	// The player's volume. From 0 to 100.
	Sound *int `json:"sound,omitempty"`
	// Whether the playback fills the screen.
	FullScreen *bool `json:"full_screen,omitempty"`
	// Whether ads can be shown; false if a blocker is on.
	AdEnabled *bool `json:"ad_enabled,omitempty"`
	// The picture quality, such as 480p.
	Quality string `json:"quality,omitempty"`
	// Whether this is a livestream.
	Livestream *bool `json:"livestream,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Video Playback Interrupted".
func (VideoPlaybackInterrupted) EventName() string { return "Video Playback Interrupted" }

var videoPlaybackInterruptedKeys = []string{"method", "content_asset_id", "content_pod_id", "session_id", "ad_asset_id", "ad_pod_id", "ad_type", "position", "total_length", "bitrate", "framerate", "video_player", "sound", "full_screen", "ad_enabled", "quality", "livestream"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e VideoPlaybackInterrupted) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("method", e.Method)
	o.String("content_asset_id", e.ContentAssetID)
	o.String("content_pod_id", e.ContentPodID)
	o.String("session_id", e.SessionID)
	o.String("ad_asset_id", e.AdAssetID)
	o.String("ad_pod_id", e.AdPodID)
	o.String("ad_type", string(e.AdType))
	o.Int("position", e.Position)
	o.Int("total_length", e.TotalLength)
	o.Int("bitrate", e.Bitrate)
	o.Int("framerate", e.Framerate)
	o.String("video_player", e.VideoPlayer)
	o.Int("sound", e.Sound)
	o.Bool("full_screen", e.FullScreen)
	o.Bool("ad_enabled", e.AdEnabled)
	o.String("quality", e.Quality)
	o.Bool("livestream", e.Livestream)
	o.Extra(e.Extra, videoPlaybackInterruptedKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e VideoPlaybackInterrupted) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// VideoPlaybackBufferStarted reports that the playback waits for data. On the wire it is "Video Playback Buffer
// Started".
type VideoPlaybackBufferStarted struct {
	// The identifier of the content that is playing.
	ContentAssetID string `json:"content_asset_id,omitempty"`
	// The identifier of the part of the content that is playing; ads divide content into parts.
	ContentPodID string `json:"content_pod_id,omitempty"`
	// The identifier of the playback session; the same in all playback, content and ad events of it.
	SessionID string `json:"session_id,omitempty"`
	// The identifier of the ad that is playing.
	AdAssetID string `json:"ad_asset_id,omitempty"`
	// The identifier of the group of ads that is playing.
	AdPodID string `json:"ad_pod_id,omitempty"`
	// The place of that ad.
	AdType AdType `json:"ad_type,omitempty"`
	// The position of the playhead, with the ads seen so far. In seconds.
	Position *int `json:"position,omitempty"`
	// The length of the whole playback with its ads; left out for a livestream. In seconds.
	TotalLength *int `json:"total_length,omitempty"`
	// The bit rate at this moment. In kbit/s.
	Bitrate *int `json:"bitrate,omitempty"`
	// The average frame rate. In frames/s.
	Framerate *int `json:"framerate,omitempty"`
	// The name of the player, such as youtube.
	VideoPlayer string `json:"video_player,omitempty"`
	// The player's volume. From 0 to 100.
	Sound *int `json:"sound,omitempty"`
	// Whether the playback fills the screen.
	FullScreen *bool `json:"full_screen,omitempty"`
	// Whether ads can be shown; false if a blocker is on.
	AdEnabled *bool `json:"ad_enabled,omitempty"`
	// The picture quality, such as 480p.
	Quality string `json:"quality,omitempty"`
	// Whether this is a livestream.
	Livestream *bool `json:"livestream,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Video Playback Buffer Started".
func (VideoPlaybackBufferStarted) EventName() string { return "Video Playback Buffer Started" }

var videoPlaybackBufferStartedKeys = []string{"content_asset_id", "content_pod_id", "session_id", "ad_asset_id", "ad_pod_id", "ad_type", "position", "total_length", "bitrate", "framerate", "video_player", "sound", "full_screen", "ad_enabled", "quality", "livestream"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e VideoPlaybackBufferStarted) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("content_asset_id", e.ContentAssetID)
	o.String("content_pod_id", e.ContentPodID)
	o.String("session_id", e.SessionID)
	o.String("ad_asset_id", e.AdAssetID)
	o.String("ad_pod_id", e.AdPodID)
	o.String("ad_type", string(e.AdType))
	o.Int("position", e.Position)
	o.Int("total_length", e.TotalLength)
	o.Int("bitrate", e.Bitrate)
	o.Int("framerate", e.Framerate)
	o.String("video_player", e.VideoPlayer)
	o.Int("sound", e.Sound)
	o.Bool("full_screen", e.FullScreen)
	o.Bool("ad_enabled", e.AdEnabled)
	o.String("quality", e.Quality)
	o.Bool("livestream", e.Livestream)
	o.Extra(e.Extra, videoPlaybackBufferStartedKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e VideoPlaybackBufferStarted) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// VideoPlaybackBufferCompleted reports that the playback has the data it waited for. On the wire it is "Video Playback
// Buffer Completed".
type VideoPlaybackBufferCompleted struct {
	// The identifier of the content that is playing.
	ContentAssetID string `json:"content_asset_id,omitempty"`
	// The identifier of the part of the content that is playing; ads divide content into parts.
	ContentPodID string `json:"content_pod_id,omitempty"`
	// The identifier of the playback session; the same in all playback, content and ad events of it.
	SessionID string `json:"session_id,omitempty"`
	// The identifier of the ad that is playing.
	AdAssetID string `json:"ad_asset_id,omitempty"`
	// The identifier of the group of ads that is playing.
	AdPodID string `json:"ad_pod_id,omitempty"`
	// The place of that ad.
	AdType AdType `json:"ad_type,omitempty"`
	// The position of the playhead, with the ads seen so far. In seconds.
	Position *int `json:"position,omitempty"`
	// The length of the whole playback with its ads; left out for a livestream. In seconds.
	TotalLength *int `json:"total_length,omitempty"`
	// The bit rate at this moment. In kbit/s.
	Bitrate *int `json:"bitrate,omitempty"`
	// The average frame rate. In frames/s.
	Framerate *int `json:"framerate,omitempty"`
	// The name of the player, such as youtube.
	VideoPlayer string `json:"video_player,omitempty"`
	// The player's volume. From 0 to 100.
	Sound *int `json:"sound,omitempty"`
	// Whether the playback fills the screen.
	FullScreen *bool `json:"full_screen,omitempty"`
	// Whether ads can be shown; false if a blocker is on.
	AdEnabled *bool `json:"ad_enabled,omitempty"`
	// The picture quality, such as 480p.
	Quality string `json:"quality,omitempty"`
	// Whether this is a livestream.
	Livestream *bool `json:"livestream,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Video Playback Buffer Completed".
func (VideoPlaybackBufferCompleted) EventName() string { return "Video Playback Buffer Completed" }

var videoPlaybackBufferCompletedKeys = []string{"content_asset_id", "content_pod_id", "session_id", "ad_asset_id", "ad_pod_id", "ad_type", "position", "total_length", "bitrate", "framerate", "video_player", "sound", "full_screen", "ad_enabled", "quality", "livestream"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e VideoPlaybackBufferCompleted) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("content_asset_id", e.ContentAssetID)
	o.String("content_pod_id", e.ContentPodID)
	o.String("session_id", e.SessionID)
	o.String("ad_asset_id", e.AdAssetID)
	o.String("ad_pod_id", e.AdPodID)
	o.String("ad_type", string(e.AdType))
	o.Int("position", e.Position)
	o.Int("total_length", e.TotalLength)
	o.Int("bitrate", e.Bitrate)
	o.Int("framerate", e.Framerate)
	o.String("video_player", e.VideoPlayer)
	o.Int("sound", e.Sound)
	o.Bool("full_screen", e.FullScreen)
	o.Bool("ad_enabled", e.AdEnabled)
	o.String("quality", e.Quality)
	o.Bool("livestream", e.Livestream)
	o.Extra(e.Extra, videoPlaybackBufferCompletedKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e VideoPlaybackBufferCompleted) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// VideoPlaybackSeekStarted reports that a person began to move the playhead. On the wire it is "Video Playback Seek
// Started".
type VideoPlaybackSeekStarted struct {
	// The identifier of the content that is playing.
	ContentAssetID string `json:"content_asset_id,omitempty"`
	// The identifier of the part of the content that is playing; ads divide content into parts.
	ContentPodID string `json:"content_pod_id,omitempty"`
	// The identifier of the playback session; the same in all playback, content and ad events of it.
	SessionID string `json:"session_id,omitempty"`
	// The identifier of the ad that is playing.
	AdAssetID string `json:"ad_asset_id,omitempty"`
	// The identifier of the group of ads that is playing.
	AdPodID string `json:"ad_pod_id,omitempty"`
	// The place of that ad.
	AdType AdType `json:"ad_type,omitempty"`
	// The position of the playhead, with the ads seen so far. In seconds.
	Position *int `json:"position,omitempty"`
	// The length of the whole playback with its ads; left out for a livestream. In seconds.
	TotalLength *int `json:"total_length,omitempty"`
	// The bit rate at this moment. In kbit/s.
	Bitrate *int `json:"bitrate,omitempty"`
	// The average frame rate. In frames/s.
	Framerate *int `json:"framerate,omitempty"`
	// The name of the player, such as youtube.
	VideoPlayer string `json:"video_player,omitempty"`
	// The player's volume. From 0 to 100.
	Sound *int `json:"sound,omitempty"`
	// Whether the playback fills the screen.
	FullScreen *bool `json:"full_screen,omitempty"`
	// Whether ads can be shown; false if a blocker is on.
	AdEnabled *bool `json:"ad_enabled,omitempty"`
	// The picture quality, such as 480p.
	Quality string `json:"quality,omitempty"`
	// Whether this is a livestream.
	Livestream *bool `json:"livestream,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Video Playback Seek Started".
func (VideoPlaybackSeekStarted) EventName() string { return "Video Playback Seek Started" }

var videoPlaybackSeekStartedKeys = []string{"content_asset_id", "content_pod_id", "session_id", "ad_asset_id", "ad_pod_id", "ad_type", "position", "total_length", "bitrate", "framerate", "video_player", "sound", "full_screen", "ad_enabled", "quality", "livestream"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e VideoPlaybackSeekStarted) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("content_asset_id", e.ContentAssetID)
	o.String("content_pod_id", e.ContentPodID)
	o.String("session_id", e.SessionID)
	o.String("ad_asset_id", e.AdAssetID)
	o.String("ad_pod_id", e.AdPodID)
	o.String("ad_type", string(e.AdType))
	o.Int("position", e.Position)
	o.Int("total_length", e.TotalLength)
	o.Int("bitrate", e.Bitrate)
	o.Int("framerate", e.Framerate)
	o.String("video_player", e.VideoPlayer)
	o.Int("sound", e.Sound)
	o.Bool("full_screen", e.FullScreen)
	o.Bool("ad_enabled", e.AdEnabled)
	o.String("quality", e.Quality)
	o.Bool("livestream", e.Livestream)
	o.Extra(e.Extra, videoPlaybackSeekStartedKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e VideoPlaybackSeekStarted) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// VideoPlaybackSeekCompleted reports that a person let go of the playhead. On the wire it is "Video Playback Seek
// Completed".
type VideoPlaybackSeekCompleted struct {
	// The identifier of the content that is playing.
	ContentAssetID string `json:"content_asset_id,omitempty"`
	// The identifier of the part of the content that is playing; ads divide content into parts.
	ContentPodID string `json:"content_pod_id,omitempty"`
	// The identifier of the playback session; the same in all playback, content and ad events of it.
	SessionID string `json:"session_id,omitempty"`
	// The identifier of the ad that is playing.
	AdAssetID string `json:"ad_asset_id,omitempty"`
	// The identifier of the group of ads that is playing.
	AdPodID string `json:"ad_pod_id,omitempty"`
	// The place of that ad.
	AdType AdType `json:"ad_type,omitempty"`
	// The position of the playhead, with the ads seen so far. In seconds.
	Position *int `json:"position,omitempty"`
	// The length of the whole playback with its ads; left out for a livestream. In seconds.
	TotalLength *int `json:"total_length,omitempty"`
	// The bit rate at this moment. In kbit/s.
	Bitrate *int `json:"bitrate,omitempty"`
	// The average frame rate. In frames/s.
	Framerate *int `json:"framerate,omitempty"`
	// The name of the player, such as youtube.
	VideoPlayer string `json:"video_player,omitempty"`
	// The player's volume. From 0 to 100.
	Sound *int `json:"sound,omitempty"`
	// Whether the playback fills the screen.
	FullScreen *bool `json:"full_screen,omitempty"`
	// Whether ads can be shown; false if a blocker is on.
	AdEnabled *bool `json:"ad_enabled,omitempty"`
	// The picture quality, such as 480p.
	Quality string `json:"quality,omitempty"`
	// Whether this is a livestream.
	Livestream *bool `json:"livestream,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Video Playback Seek Completed".
func (VideoPlaybackSeekCompleted) EventName() string { return "Video Playback Seek Completed" }

var videoPlaybackSeekCompletedKeys = []string{"content_asset_id", "content_pod_id", "session_id", "ad_asset_id", "ad_pod_id", "ad_type", "position", "total_length", "bitrate", "framerate", "video_player", "sound", "full_screen", "ad_enabled", "quality", "livestream"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e VideoPlaybackSeekCompleted) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("content_asset_id", e.ContentAssetID)
	o.String("content_pod_id", e.ContentPodID)
	o.String("session_id", e.SessionID)
	o.String("ad_asset_id", e.AdAssetID)
	o.String("ad_pod_id", e.AdPodID)
	o.String("ad_type", string(e.AdType))
	o.Int("position", e.Position)
	o.Int("total_length", e.TotalLength)
	o.Int("bitrate", e.Bitrate)
	o.Int("framerate", e.Framerate)
	o.String("video_player", e.VideoPlayer)
	o.Int("sound", e.Sound)
	o.Bool("full_screen", e.FullScreen)
	o.Bool("ad_enabled", e.AdEnabled)
	o.String("quality", e.Quality)
	o.Bool("livestream", e.Livestream)
	o.Extra(e.Extra, videoPlaybackSeekCompletedKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e VideoPlaybackSeekCompleted) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// VideoPlaybackResumed reports that the playback continues after a pause. On the wire it is "Video Playback Resumed".
type VideoPlaybackResumed struct {
	// The identifier of the content that is playing.
	ContentAssetID string `json:"content_asset_id,omitempty"`
	// The identifier of the part of the content that is playing; ads divide content into parts.
	ContentPodID string `json:"content_pod_id,omitempty"`
	// The identifier of the playback session; the same in all playback, content and ad events of it.
	SessionID string `json:"session_id,omitempty"`
	// The identifier of the ad that is playing.
	AdAssetID string `json:"ad_asset_id,omitempty"`
	// The identifier of the group of ads that is playing.
	AdPodID string `json:"ad_pod_id,omitempty"`
	// The place of that ad.
	AdType AdType `json:"ad_type,omitempty"`
	// The position of the playhead, with the ads seen so far. In seconds.
	Position *int `json:"position,omitempty"`
	// The length of the whole playback with its ads; left out for a livestream. In seconds.
	TotalLength *int `json:"total_length,omitempty"`
	// The bit rate at this moment. In kbit/s.
	Bitrate *int `json:"bitrate,omitempty"`
	// The average frame rate. In frames/s.
	Framerate *int `json:"framerate,omitempty"`
	// The name of the player, such as youtube.
	VideoPlayer string `json:"video_player,omitempty"`
	// The player's volume. From 0 to 100.
	Sound *int `json:"sound,omitempty"`
	// Whether the playback fills the screen.
	FullScreen *bool `json:"full_screen,omitempty"`
	// Whether ads can be shown; false if a blocker is on.
	AdEnabled *bool `json:"ad_enabled,omitempty"`
	// The picture quality, such as 480p.
	Quality string `json:"quality,omitempty"`
	// Whether this is a livestream.
	Livestream *bool `json:"livestream,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Video Playback Resumed".
func (VideoPlaybackResumed) EventName() string { return "Video Playback Resumed" }

var videoPlaybackResumedKeys = []string{"content_asset_id", "content_pod_id", "session_id", "ad_asset_id", "ad_pod_id", "ad_type", "position", "total_length", "bitrate", "framerate", "video_player", "sound", "full_screen", "ad_enabled", "quality", "livestream"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e VideoPlaybackResumed) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("content_asset_id", e.ContentAssetID)
	o.String("content_pod_id", e.ContentPodID)
	o.String("session_id", e.SessionID)
	o.String("ad_asset_id", e.AdAssetID)
	o.String("ad_pod_id", e.AdPodID)
	o.String("ad_type", string(e.AdType))
	o.Int("position", e.Position)
	o.Int("total_length", e.TotalLength)
	o.Int("bitrate", e.Bitrate)
	o.Int("framerate", e.Framerate)
	o.String("video_player", e.VideoPlayer)
	o.Int("sound", e.Sound)
	o.Bool("full_screen", e.FullScreen)
	o.Bool("ad_enabled", e.AdEnabled)
	o.String("quality", e.Quality)
	o.Bool("livestream", e.Livestream)
	o.Extra(e.Extra, videoPlaybackResumedKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e VideoPlaybackResumed) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// VideoPlaybackCompleted reports that the playback reached its end. On the wire it is "Video Playback Completed".
type VideoPlaybackCompleted struct {
	// The identifier of the content that is playing.
	ContentAssetID string `json:"content_asset_id,omitempty"`
	// The identifier of the part of the content that is playing; ads divide content into parts.
	ContentPodID string `json:"content_pod_id,omitempty"`
	// The identifier of the playback session; the same in all playback, content and ad events of it.
	SessionID string `json:"session_id,omitempty"`
	// The identifier of the ad that is playing.
	AdAssetID string `json:"ad_asset_id,omitempty"`
	// The identifier of the group of ads that is playing.
	AdPodID string `json:"ad_pod_id,omitempty"`
	// The place of that ad.
	AdType AdType `json:"ad_type,omitempty"`
	// The position of the playhead, with the ads seen so far. In seconds.
	Position *int `json:"position,omitempty"`
	// The length of the whole playback with its ads; left out for a livestream. In seconds.
	TotalLength *int `json:"total_length,omitempty"`
	// The bit rate at this moment. In kbit/s.
	Bitrate *int `json:"bitrate,omitempty"`
	// The average frame rate. In frames/s.
	Framerate *int `json:"framerate,omitempty"`
	// The name of the player, such as youtube.
	VideoPlayer string `json:"video_player,omitempty"`
	// The player's volume. From 0 to 100.
	Sound *int `json:"sound,omitempty"`
	// Whether the playback fills the screen.
	FullScreen *bool `json:"full_screen,omitempty"`
	// Whether ads can be shown; false if a blocker is on.
	AdEnabled *bool `json:"ad_enabled,omitempty"`
	// The picture quality, such as 480p.
	Quality string `json:"quality,omitempty"`
	// Whether this is a livestream.
	Livestream *bool `json:"livestream,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Video Playback Completed".
func (VideoPlaybackCompleted) EventName() string { return "Video Playback Completed" }

var videoPlaybackCompletedKeys = []string{"content_asset_id", "content_pod_id", "session_id", "ad_asset_id", "ad_pod_id", "ad_type", "position", "total_length", "bitrate", "framerate", "video_player", "sound", "full_screen", "ad_enabled", "quality", "livestream"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e VideoPlaybackCompleted) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("content_asset_id", e.ContentAssetID)
	o.String("content_pod_id", e.ContentPodID)
	o.String("session_id", e.SessionID)
	o.String("ad_asset_id", e.AdAssetID)
	o.String("ad_pod_id", e.AdPodID)
	o.String("ad_type", string(e.AdType))
	o.Int("position", e.Position)
	o.Int("total_length", e.TotalLength)
	o.Int("bitrate", e.Bitrate)
	o.Int("framerate", e.Framerate)
	o.String("video_player", e.VideoPlayer)
	o.Int("sound", e.Sound)
	o.Bool("full_screen", e.FullScreen)
	o.Bool("ad_enabled", e.AdEnabled)
	o.String("quality", e.Quality)
	o.Bool("livestream", e.Livestream)
	o.Extra(e.Extra, videoPlaybackCompletedKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e VideoPlaybackCompleted) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// VideoPlaybackExited reports that a person left the playback. On the wire it is "Video Playback Exited".
type VideoPlaybackExited struct {
	// The identifier of the content that is playing.
	ContentAssetID string `json:"content_asset_id,omitempty"`
	// The identifier of the part of the content that is playing; ads divide content into parts.
	ContentPodID string `json:"content_pod_id,omitempty"`
	// The identifier of the playback session; the same in all playback, content and ad events of it.
	SessionID string `json:"session_id,omitempty"`
	// The identifier of the ad that is playing.
	AdAssetID string `json:"ad_asset_id,omitempty"`
	// The identifier of the group of ads that is playing.
	AdPodID string `json:"ad_pod_id,omitempty"`
	// The place of that ad.
	AdType AdType `json:"ad_type,omitempty"`
	// The position of the playhead, with the ads seen so far. In seconds.
	Position *int `json:"position,omitempty"`
	// The length of the whole playback with its ads; left out for a livestream. In seconds.
	TotalLength *int `json:"total_length,omitempty"`
	// The bit rate at this moment. In kbit/s.
	Bitrate *int `json:"bitrate,omitempty"`
	// The average frame rate. In frames/s.
	Framerate *int `json:"framerate,omitempty"`
	// The name of the player, such as youtube.
	VideoPlayer string `json:"video_player,omitempty"`
	// The player's volume. From 0 to 100.
	Sound *int `json:"sound,omitempty"`
	// Whether the playback fills the screen.
	FullScreen *bool `json:"full_screen,omitempty"`
	// Whether ads can be shown; false if a blocker is on.
	AdEnabled *bool `json:"ad_enabled,omitempty"`
	// The picture quality, such as 480p.
	Quality string `json:"quality,omitempty"`
	// Whether this is a livestream.
	Livestream *bool `json:"livestream,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Video Playback Exited".
func (VideoPlaybackExited) EventName() string { return "Video Playback Exited" }

var videoPlaybackExitedKeys = []string{"content_asset_id", "content_pod_id", "session_id", "ad_asset_id", "ad_pod_id", "ad_type", "position", "total_length", "bitrate", "framerate", "video_player", "sound", "full_screen", "ad_enabled", "quality", "livestream"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e VideoPlaybackExited) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("content_asset_id", e.ContentAssetID)
	o.String("content_pod_id", e.ContentPodID)
	o.String("session_id", e.SessionID)
	o.String("ad_asset_id", e.AdAssetID)
	o.String("ad_pod_id", e.AdPodID)
	o.String("ad_type", string(e.AdType))
	o.Int("position", e.Position)
	o.Int("total_length", e.TotalLength)
	o.Int("bitrate", e.Bitrate)
	o.Int("framerate", e.Framerate)
	o.String("video_player", e.VideoPlayer)
	o.Int("sound", e.Sound)
	o.Bool("full_screen", e.FullScreen)
	o.Bool("ad_enabled", e.AdEnabled)
	o.String("quality", e.Quality)
	o.Bool("livestream", e.Livestream)
	o.Extra(e.Extra, videoPlaybackExitedKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e VideoPlaybackExited) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// VideoContentStarted reports that a part of the content began to play. On the wire it is "Video Content Started".
type VideoContentStarted struct {
	// The identifier of the playback session.
	SessionID string `json:"session_id,omitempty"`
	// The identifier of the content.
	AssetID string `json:"asset_id,omitempty"`
	// The identifier of the part of the content; ads divide content into parts.
	PodID string `json:"pod_id,omitempty"`
	// The programme or show that it belongs to.
	Program string `json:"program,omitempty"`
	// The title.
	Title string `json:"title,omitempty"`
	// A short description.
	Description string `json:"description,omitempty"`
	// The season of the show.
	Season string `json:"season,omitempty"`
	// The position of the playhead, with the ads seen so far. In seconds.
	Position *int `json:"position,omitempty"`
	// The length of this content, without the rest of the playback. In seconds.
	TotalLength *int `json:"total_length,omitempty"`
	// The genre.
	Genre string `json:"genre,omitempty"`
	// The publisher.
	Publisher string `json:"publisher,omitempty"`
	// The channel that airs it.
	Channel string `json:"channel,omitempty"`
	// Whether this is a whole episode and not an excerpt.
	FullEpisode *bool `json:"full_episode,omitempty"`
	// Whether this is a livestream.
	Livestream *bool `json:"livestream,omitempty"`
	// When it was first aired or published.
	Airdate time.Time `json:"airdate,omitzero"`
	// The bit rate at this moment. In kbit/s.
	Bitrate *int `json:"bitrate,omitempty"`
	// The average frame rate. In frames/s.
	Framerate *int `json:"framerate,omitempty"`
	// Words for a search.
	Keywords []string `json:"keywords,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Video Content Started".
func (VideoContentStarted) EventName() string { return "Video Content Started" }

var videoContentStartedKeys = []string{"session_id", "asset_id", "pod_id", "program", "title", "description", "season", "position", "total_length", "genre", "publisher", "channel", "full_episode", "livestream", "airdate", "bitrate", "framerate", "keywords"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e VideoContentStarted) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("session_id", e.SessionID)
	o.String("asset_id", e.AssetID)
	o.String("pod_id", e.PodID)
	o.String("program", e.Program)
	o.String("title", e.Title)
	o.String("description", e.Description)
	o.String("season", e.Season)
	o.Int("position", e.Position)
	o.Int("total_length", e.TotalLength)
	o.String("genre", e.Genre)
	o.String("publisher", e.Publisher)
	o.String("channel", e.Channel)
	o.Bool("full_episode", e.FullEpisode)
	o.Bool("livestream", e.Livestream)
	o.Time("airdate", e.Airdate)
	o.Int("bitrate", e.Bitrate)
	o.Int("framerate", e.Framerate)
	o.Strings("keywords", e.Keywords)
	o.Extra(e.Extra, videoContentStartedKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e VideoContentStarted) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// VideoContentPlaying reports that a part of the content is still playing: a heartbeat. On the wire it is "Video
// Content Playing".
type VideoContentPlaying struct {
	// The identifier of the playback session.
	SessionID string `json:"session_id,omitempty"`
	// The identifier of the content.
	AssetID string `json:"asset_id,omitempty"`
	// The identifier of the part of the content; ads divide content into parts.
	PodID string `json:"pod_id,omitempty"`
	// The programme or show that it belongs to.
	Program string `json:"program,omitempty"`
	// The title.
	Title string `json:"title,omitempty"`
	// A short description.
	Description string `json:"description,omitempty"`
	// The season of the show.
	Season string `json:"season,omitempty"`
	// The position of the playhead, with the ads seen so far. In seconds.
	Position *int `json:"position,omitempty"`
	// The length of this content, without the rest of the playback. In seconds.
	TotalLength *int `json:"total_length,omitempty"`
	// The genre.
	Genre string `json:"genre,omitempty"`
	// The publisher.
	Publisher string `json:"publisher,omitempty"`
	// The channel that airs it.
	Channel string `json:"channel,omitempty"`
	// Whether this is a whole episode and not an excerpt.
	FullEpisode *bool `json:"full_episode,omitempty"`
	// Whether this is a livestream.
	Livestream *bool `json:"livestream,omitempty"`
	// When it was first aired or published.
	Airdate time.Time `json:"airdate,omitzero"`
	// The bit rate at this moment. In kbit/s.
	Bitrate *int `json:"bitrate,omitempty"`
	// The average frame rate. In frames/s.
	Framerate *int `json:"framerate,omitempty"`
	// Words for a search.
	Keywords []string `json:"keywords,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Video Content Playing".
func (VideoContentPlaying) EventName() string { return "Video Content Playing" }

var videoContentPlayingKeys = []string{"session_id", "asset_id", "pod_id", "program", "title", "description", "season", "position", "total_length", "genre", "publisher", "channel", "full_episode", "livestream", "airdate", "bitrate", "framerate", "keywords"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e VideoContentPlaying) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("session_id", e.SessionID)
	o.String("asset_id", e.AssetID)
	o.String("pod_id", e.PodID)
	o.String("program", e.Program)
	o.String("title", e.Title)
	o.String("description", e.Description)
	o.String("season", e.Season)
	o.Int("position", e.Position)
	o.Int("total_length", e.TotalLength)
	o.String("genre", e.Genre)
	o.String("publisher", e.Publisher)
	o.String("channel", e.Channel)
	o.Bool("full_episode", e.FullEpisode)
	o.Bool("livestream", e.Livestream)
	o.Time("airdate", e.Airdate)
	o.Int("bitrate", e.Bitrate)
	o.Int("framerate", e.Framerate)
	o.Strings("keywords", e.Keywords)
	o.Extra(e.Extra, videoContentPlayingKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e VideoContentPlaying) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// VideoContentCompleted reports that a part of the content played to its end. On the wire it is "Video Content
// Completed".
type VideoContentCompleted struct {
	// The identifier of the playback session.
	SessionID string `json:"session_id,omitempty"`
	// The identifier of the content.
	AssetID string `json:"asset_id,omitempty"`
	// The identifier of the part of the content; ads divide content into parts.
	PodID string `json:"pod_id,omitempty"`
	// The programme or show that it belongs to.
	Program string `json:"program,omitempty"`
	// The title.
	Title string `json:"title,omitempty"`
	// A short description.
	Description string `json:"description,omitempty"`
	// The season of the show.
	Season string `json:"season,omitempty"`
	// The position of the playhead, with the ads seen so far. In seconds.
	Position *int `json:"position,omitempty"`
	// The length of this content, without the rest of the playback. In seconds.
	TotalLength *int `json:"total_length,omitempty"`
	// The genre.
	Genre string `json:"genre,omitempty"`
	// The publisher.
	Publisher string `json:"publisher,omitempty"`
	// The channel that airs it.
	Channel string `json:"channel,omitempty"`
	// Whether this is a whole episode and not an excerpt.
	FullEpisode *bool `json:"full_episode,omitempty"`
	// Whether this is a livestream.
	Livestream *bool `json:"livestream,omitempty"`
	// When it was first aired or published.
	Airdate time.Time `json:"airdate,omitzero"`
	// The bit rate at this moment. In kbit/s.
	Bitrate *int `json:"bitrate,omitempty"`
	// The average frame rate. In frames/s.
	Framerate *int `json:"framerate,omitempty"`
	// Words for a search.
	Keywords []string `json:"keywords,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Video Content Completed".
func (VideoContentCompleted) EventName() string { return "Video Content Completed" }

var videoContentCompletedKeys = []string{"session_id", "asset_id", "pod_id", "program", "title", "description", "season", "position", "total_length", "genre", "publisher", "channel", "full_episode", "livestream", "airdate", "bitrate", "framerate", "keywords"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e VideoContentCompleted) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("session_id", e.SessionID)
	o.String("asset_id", e.AssetID)
	o.String("pod_id", e.PodID)
	o.String("program", e.Program)
	o.String("title", e.Title)
	o.String("description", e.Description)
	o.String("season", e.Season)
	o.Int("position", e.Position)
	o.Int("total_length", e.TotalLength)
	o.String("genre", e.Genre)
	o.String("publisher", e.Publisher)
	o.String("channel", e.Channel)
	o.Bool("full_episode", e.FullEpisode)
	o.Bool("livestream", e.Livestream)
	o.Time("airdate", e.Airdate)
	o.Int("bitrate", e.Bitrate)
	o.Int("framerate", e.Framerate)
	o.Strings("keywords", e.Keywords)
	o.Extra(e.Extra, videoContentCompletedKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e VideoContentCompleted) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// VideoAdStarted reports that an ad began to play. On the wire it is "Video Ad Started".
type VideoAdStarted struct {
	// The identifier of the playback session.
	SessionID string `json:"session_id,omitempty"`
	// The identifier of the ad.
	AssetID string `json:"asset_id,omitempty"`
	// The identifier of the group of ads.
	PodID string `json:"pod_id,omitempty"`
	// The ad's place within its group, from 1.
	PodPosition *int `json:"pod_position,omitempty"`
	// How many ads the group has.
	PodLength *int `json:"pod_length,omitempty"`
	// The place of the ad.
	Type AdType `json:"type,omitempty"`
	// The title of the ad.
	Title string `json:"title,omitempty"`
	// The position of the playhead within the ad. In seconds.
	Position *int `json:"position,omitempty"`
	// The length of the ad. In seconds.
	TotalLength *int `json:"total_length,omitempty"`
	// The advertiser.
	Publisher string `json:"publisher,omitempty"`
	// How the ad came into the stream.
	LoadType LoadType `json:"load_type,omitempty"`
	// The properties of the content around the ad, named as in the content events, for destinations that want them.
	Content map[string]any `json:"content,omitempty"`
	// The quarter of the ad that the viewer reached.
	Quartile *int `json:"quartile,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Video Ad Started".
func (VideoAdStarted) EventName() string { return "Video Ad Started" }

var videoAdStartedKeys = []string{"session_id", "asset_id", "pod_id", "pod_position", "pod_length", "type", "title", "position", "total_length", "publisher", "load_type", "content", "quartile"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e VideoAdStarted) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("session_id", e.SessionID)
	o.String("asset_id", e.AssetID)
	o.String("pod_id", e.PodID)
	o.Int("pod_position", e.PodPosition)
	o.Int("pod_length", e.PodLength)
	o.String("type", string(e.Type))
	o.String("title", e.Title)
	o.Int("position", e.Position)
	o.Int("total_length", e.TotalLength)
	o.String("publisher", e.Publisher)
	o.String("load_type", string(e.LoadType))
	o.Map("content", e.Content)
	o.Int("quartile", e.Quartile)
	o.Extra(e.Extra, videoAdStartedKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e VideoAdStarted) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// VideoAdPlaying reports that an ad is still playing: a heartbeat, or the passing of a quarter. On the wire it is
// "Video Ad Playing".
type VideoAdPlaying struct {
	// The identifier of the playback session.
	SessionID string `json:"session_id,omitempty"`
	// The identifier of the ad.
	AssetID string `json:"asset_id,omitempty"`
	// The identifier of the group of ads.
	PodID string `json:"pod_id,omitempty"`
	// The ad's place within its group, from 1.
	PodPosition *int `json:"pod_position,omitempty"`
	// How many ads the group has.
	PodLength *int `json:"pod_length,omitempty"`
	// The place of the ad.
	Type AdType `json:"type,omitempty"`
	// The title of the ad.
	Title string `json:"title,omitempty"`
	// The position of the playhead within the ad. In seconds.
	Position *int `json:"position,omitempty"`
	// The length of the ad. In seconds.
	TotalLength *int `json:"total_length,omitempty"`
	// The advertiser.
	Publisher string `json:"publisher,omitempty"`
	// How the ad came into the stream.
	LoadType LoadType `json:"load_type,omitempty"`
	// The properties of the content around the ad, named as in the content events, for destinations that want them.
	Content map[string]any `json:"content,omitempty"`
	// The quarter of the ad that the viewer reached.
	Quartile *int `json:"quartile,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Video Ad Playing".
func (VideoAdPlaying) EventName() string { return "Video Ad Playing" }

var videoAdPlayingKeys = []string{"session_id", "asset_id", "pod_id", "pod_position", "pod_length", "type", "title", "position", "total_length", "publisher", "load_type", "content", "quartile"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e VideoAdPlaying) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("session_id", e.SessionID)
	o.String("asset_id", e.AssetID)
	o.String("pod_id", e.PodID)
	o.Int("pod_position", e.PodPosition)
	o.Int("pod_length", e.PodLength)
	o.String("type", string(e.Type))
	o.String("title", e.Title)
	o.Int("position", e.Position)
	o.Int("total_length", e.TotalLength)
	o.String("publisher", e.Publisher)
	o.String("load_type", string(e.LoadType))
	o.Map("content", e.Content)
	o.Int("quartile", e.Quartile)
	o.Extra(e.Extra, videoAdPlayingKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e VideoAdPlaying) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// VideoAdCompleted reports that an ad played to its end. On the wire it is "Video Ad Completed".
type VideoAdCompleted struct {
	// The identifier of the playback session.
	SessionID string `json:"session_id,omitempty"`
	// The identifier of the ad.
	AssetID string `json:"asset_id,omitempty"`
	// The identifier of the group of ads.
	PodID string `json:"pod_id,omitempty"`
	// The ad's place within its group, from 1.
	PodPosition *int `json:"pod_position,omitempty"`
	// How many ads the group has.
	PodLength *int `json:"pod_length,omitempty"`
	// The place of the ad.
	Type AdType `json:"type,omitempty"`
	// The title of the ad.
	Title string `json:"title,omitempty"`
	// The position of the playhead within the ad. In seconds.
	Position *int `json:"position,omitempty"`
	// The length of the ad. In seconds.
	TotalLength *int `json:"total_length,omitempty"`
	// The advertiser.
	Publisher string `json:"publisher,omitempty"`
	// How the ad came into the stream.
	LoadType LoadType `json:"load_type,omitempty"`
	// The properties of the content around the ad, named as in the content events, for destinations that want them.
	Content map[string]any `json:"content,omitempty"`
	// The quarter of the ad that the viewer reached.
	Quartile *int `json:"quartile,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Video Ad Completed".
func (VideoAdCompleted) EventName() string { return "Video Ad Completed" }

var videoAdCompletedKeys = []string{"session_id", "asset_id", "pod_id", "pod_position", "pod_length", "type", "title", "position", "total_length", "publisher", "load_type", "content", "quartile"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e VideoAdCompleted) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("session_id", e.SessionID)
	o.String("asset_id", e.AssetID)
	o.String("pod_id", e.PodID)
	o.Int("pod_position", e.PodPosition)
	o.Int("pod_length", e.PodLength)
	o.String("type", string(e.Type))
	o.String("title", e.Title)
	o.Int("position", e.Position)
	o.Int("total_length", e.TotalLength)
	o.String("publisher", e.Publisher)
	o.String("load_type", string(e.LoadType))
	o.Map("content", e.Content)
	o.Int("quartile", e.Quartile)
	o.Extra(e.Extra, videoAdCompletedKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e VideoAdCompleted) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// VideoQualityUpdated reports that the quality of the picture changed. On the wire it is "Video Quality Updated".
type VideoQualityUpdated struct {
	// The new bit rate. In kbit/s.
	Bitrate *int `json:"bitrate,omitempty"`
	// The new frame rate. In frames/s.
	Framerate *int `json:"framerate,omitempty"`
	// How long the video took to start; the documents give no unit.
	StartupTime *int `json:"startupTime,omitempty"`
	// How many frames were left out.
	DroppedFrames *int `json:"droppedFrames,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Video Quality Updated".
func (VideoQualityUpdated) EventName() string { return "Video Quality Updated" }

var videoQualityUpdatedKeys = []string{"bitrate", "framerate", "startupTime", "droppedFrames"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e VideoQualityUpdated) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.Int("bitrate", e.Bitrate)
	o.Int("framerate", e.Framerate)
	o.Int("startupTime", e.StartupTime)
	o.Int("droppedFrames", e.DroppedFrames)
	o.Extra(e.Extra, videoQualityUpdatedKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e VideoQualityUpdated) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }
