// Code generated from spec/events.txt by internal/gen. DO NOT EDIT.

package events

// Platform is the operating system of a device, as Customer.io spells it. Other values than those known here are sent
// as they are.
type Platform string

// The known values of Platform.
const (
	// Apple's iOS and iPadOS; pushes go through APNs or Firebase.
	PlatformIOS Platform = "ios"
	// Android; pushes go through Firebase.
	PlatformAndroid Platform = "android"
)

// DeliveryMetric is what happened to a message that Customer.io sent. Other values than those known here are sent as
// they are.
type DeliveryMetric string

// The known values of DeliveryMetric.
const (
	// The message arrived.
	DeliveryMetricDelivered DeliveryMetric = "delivered"
	// The recipient opened it.
	DeliveryMetricOpened DeliveryMetric = "opened"
	// The recipient followed a link or pressed a button.
	DeliveryMetricClicked DeliveryMetric = "clicked"
	// The recipient reached the goal of the message.
	DeliveryMetricConverted DeliveryMetric = "converted"
	// The provider sent it back. Known from a destination's source, not from the documents.
	DeliveryMetricBounced DeliveryMetric = "bounced"
	// The provider did not try. Known from a destination's source, not from the documents.
	DeliveryMetricDropped DeliveryMetric = "dropped"
	// The recipient marked it as spam. Known from a destination's source, not from the documents.
	DeliveryMetricSpammed DeliveryMetric = "spammed"
	// The provider will retry later. Known from a destination's source, not from the documents.
	DeliveryMetricDeferred DeliveryMetric = "deferred"
)

// ContentAction is what a visitor did with an anonymous in-app message. Other values than those known here are sent as
// they are.
type ContentAction string

// The known values of ContentAction.
const (
	// The message was shown.
	ContentActionViewed ContentAction = "viewed_content"
	// The visitor clicked in it.
	ContentActionClicked ContentAction = "clicked_content"
)

// AdType is the place of an ad in the playback. Other values than those known here are sent as they are.
type AdType string

// The known values of AdType.
const (
	// Before the content.
	AdTypePreRoll AdType = "pre-roll"
	// Between two parts of the content.
	AdTypeMidRoll AdType = "mid-roll"
	// After the content.
	AdTypePostRoll AdType = "post-roll"
)

// LoadType is how an ad came into the stream. Other values than those known here are sent as they are.
type LoadType string

// The known values of LoadType.
const (
	// Chosen for this viewer.
	LoadTypeDynamic LoadType = "dynamic"
	// The same for all viewers.
	LoadTypeLinear LoadType = "linear"
)
