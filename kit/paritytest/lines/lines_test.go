// Code generated from docs/parity.md by go test ./kit/paritytest -update. DO NOT EDIT.

package lines

import (
	"context"
	"errors"
	"net/mail"
	"strings"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/erasure"
	"github.com/ciokit/cio/events"
)

var lines = []line{
	{"Client: Make a client for a region", "ok", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(cio.NewClient(cio.Config{APIKey: key, Region: cio.RegionEU}))
	}},
	{"Client: Make a client for another address", "ok", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(cio.NewClient(cio.Config{APIKey: key, BaseURL: "http://127.0.0.1:8110"}))
	}},
	{"Client: Take the key and region from the environment", "ok", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(cio.ConfigFromEnv())
	}},
	{"Client: Set the timeout of a request", "ok", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(cio.NewClient(cio.Config{APIKey: key, Region: cio.RegionUS, Timeout: 15 * time.Second}))
	}},
	{"Client: Set how long to retry", "ok", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(cio.NewClient(cio.Config{APIKey: key, Region: cio.RegionUS, MaxElapsed: time.Hour}))
	}},
	{"Client: Keep to the rate limit of the API", "ok", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(cio.NewClient(cio.Config{APIKey: key, Region: cio.RegionUS, RateLimit: 1000, RateWindow: time.Second}))
	}},
	{"Client: Retry a request that failed on the server", "accepted after a 500", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Page{UserID: "u1", Name: "Home"}))
	}},
	{"Client: Retry a request over the rate limit (the earlier library raised at once)", "accepted after a 429", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Page{UserID: "u1", Name: "Home"}))
	}},
	{"Client: Retry a request that got no answer", "accepted after no answer", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Page{UserID: "u1", Name: "Home"}))
	}},
	{"People: Identify: create a person or set attributes", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Identify{UserID: "u1", Traits: map[string]any{cio.TraitEmail: "ann@example.com", "plan": "pro"}}))
	}},
	{"People: Identify by email address alone", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Identify{Traits: map[string]any{cio.TraitEmail: "ann@example.com"}}))
	}},
	{"People: Remove an attribute", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Identify{UserID: "u1", Traits: map[string]any{"plan": nil}}))
	}},
	{"People: Delete a person", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.DeletePerson{UserID: "u1"}))
	}},
	{"People: Suppress a person", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.SuppressPerson{UserID: "u1"}))
	}},
	{"People: Unsuppress a person", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.UnsuppressPerson{UserID: "u1"}))
	}},
	{"Custom events: Track an event by name", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: cio.Named("Trial Started", map[string]any{"plan": "pro"})}))
	}},
	{"Custom events: Track an event of an anonymous person", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{AnonymousID: "a1", Event: cio.Named("Trial Started", nil)}))
	}},
	{"Custom events: Track an event of the past", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: cio.Named("Trial Started", nil), Timestamp: time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)}))
	}},
	{"Custom events: Look an event up in the table of known ones", "true", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(events.Lookup("Order Completed"))
	}},
	{"Ecommerce: Cart Shared", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.CartShared{CartID: "c1", ShareVia: "email", Recipient: "bob@example.com"}}))
	}},
	{"Ecommerce: Cart Viewed", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.CartViewed{CartID: "c1", Products: []events.Product{{ProductID: "p1"}}}}))
	}},
	{"Ecommerce: Checkout Started", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.CheckoutStarted{OrderID: "o1", Discount: new(5.0), Revenue: new(39.9)}}))
	}},
	{"Ecommerce: Checkout Step Completed", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.CheckoutStepCompleted{CheckoutID: "k1", Step: new(2)}}))
	}},
	{"Ecommerce: Checkout Step Viewed", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.CheckoutStepViewed{CheckoutID: "k1", Step: new(2)}}))
	}},
	{"Ecommerce: Coupon Applied", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.CouponApplied{CartID: "c1", OrderID: "o1", CouponID: "SAVE5"}}))
	}},
	{"Ecommerce: Coupon Denied", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.CouponDenied{CartID: "c1", OrderID: "o1", CouponID: "SAVE5"}}))
	}},
	{"Ecommerce: Coupon Entered", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.CouponEntered{CartID: "c1", OrderID: "o1", CouponID: "SAVE5"}}))
	}},
	{"Ecommerce: Coupon Removed", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.CouponRemoved{CartID: "c1", OrderID: "o1", CouponID: "SAVE5"}}))
	}},
	{"Ecommerce: Order Cancelled", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.OrderCancelled{OrderID: "o1", Total: new(39.9)}}))
	}},
	{"Ecommerce: Order Completed", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.OrderCompleted{OrderID: "o1", Total: new(39.9), Products: []events.Product{{ProductID: "p1", Quantity: new(2)}}}}))
	}},
	{"Ecommerce: Order Refunded", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.OrderRefunded{OrderID: "o1", Total: new(39.9)}}))
	}},
	{"Ecommerce: Order Updated", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.OrderUpdated{OrderID: "o1", Revenue: new(39.9)}}))
	}},
	{"Ecommerce: Payment Info Entered", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.PaymentInfoEntered{CheckoutID: "k1", Step: new(2), OrderID: "o1"}}))
	}},
	{"Ecommerce: Product Added", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.ProductAdded{CartID: "c1", ProductID: "p1", Price: new(9.5)}}))
	}},
	{"Ecommerce: Product Added to Wishlist", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.ProductAddedToWishlist{WishlistID: "w1", ProductID: "p1", Price: new(9.5)}}))
	}},
	{"Ecommerce: Product Clicked", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.ProductClicked{ProductID: "p1", Currency: "EUR", Price: new(9.5)}}))
	}},
	{"Ecommerce: Product List Filtered", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.ProductListFiltered{ListID: "l1", Category: "Shoes", Products: []events.Product{{ProductID: "p1"}}}}))
	}},
	{"Ecommerce: Product List Viewed", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.ProductListViewed{ListID: "l1", Category: "Shoes", Products: []events.Product{{ProductID: "p1"}}}}))
	}},
	{"Ecommerce: Product Removed", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.ProductRemoved{CartID: "c1", ProductID: "p1", Price: new(9.5)}}))
	}},
	{"Ecommerce: Product Removed from Wishlist", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.ProductRemovedFromWishlist{WishlistID: "w1", ProductID: "p1", Price: new(9.5)}}))
	}},
	{"Ecommerce: Product Reviewed", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.ProductReviewed{ProductID: "p1", ReviewID: "r1", Rating: new(5)}}))
	}},
	{"Ecommerce: Product Shared", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.ProductShared{ProductID: "p1", Price: new(9.5), ShareVia: "email"}}))
	}},
	{"Ecommerce: Product Viewed", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.ProductViewed{ProductID: "p1", Currency: "EUR", Price: new(9.5)}}))
	}},
	{"Ecommerce: Products Searched", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.ProductsSearched{Query: "shoes"}}))
	}},
	{"Ecommerce: Promotion Clicked", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.PromotionClicked{PromotionID: "spring", Creative: "banner"}}))
	}},
	{"Ecommerce: Promotion Viewed", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.PromotionViewed{PromotionID: "spring", Creative: "banner"}}))
	}},
	{"Ecommerce: Wishlist Product Added to Cart", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.WishlistProductAddedToCart{CartID: "c1", WishlistID: "w1", ProductID: "p1"}}))
	}},
	{"Email: Email Bounced", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.EmailBounced{EmailID: "e1"}}))
	}},
	{"Email: Email Delivered", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.EmailDelivered{EmailID: "e1"}}))
	}},
	{"Email: Email Link Clicked", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.EmailLinkClicked{EmailID: "e1", LinkURL: "https://shop.example.com/"}}))
	}},
	{"Email: Email Marked as Spam", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.EmailMarkedAsSpam{EmailID: "e1"}}))
	}},
	{"Email: Email Opened", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.EmailOpened{EmailID: "e1"}}))
	}},
	{"Email: Email Unsubscribed", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.EmailUnsubscribed{EmailID: "e1", ListID: "l1"}}))
	}},
	{"Mobile: Application Backgrounded", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.ApplicationBackgrounded{}}))
	}},
	{"Mobile: Application Crashed", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.ApplicationCrashed{}}))
	}},
	{"Mobile: Application Foregrounded", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.ApplicationForegrounded{}}))
	}},
	{"Mobile: Application Installed", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.ApplicationInstalled{Version: "2.1", Build: "210"}}))
	}},
	{"Mobile: Application Opened", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.ApplicationOpened{Version: "2.1", Build: "210", FromBackground: new(true)}}))
	}},
	{"Mobile: Application Uninstalled", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.ApplicationUninstalled{}}))
	}},
	{"Mobile: Application Updated", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.ApplicationUpdated{PreviousVersion: "2.0", Version: "2.1", Build: "210"}}))
	}},
	{"Video: Video Ad Completed", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.VideoAdCompleted{SessionID: "s1", AssetID: "a1", Position: new(30)}}))
	}},
	{"Video: Video Ad Playing", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.VideoAdPlaying{SessionID: "s1", AssetID: "a1", Position: new(30)}}))
	}},
	{"Video: Video Ad Started", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.VideoAdStarted{SessionID: "s1", AssetID: "a1", Position: new(30)}}))
	}},
	{"Video: Video Content Completed", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.VideoContentCompleted{SessionID: "s1", AssetID: "a1", Position: new(30)}}))
	}},
	{"Video: Video Content Playing", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.VideoContentPlaying{SessionID: "s1", AssetID: "a1", Position: new(30)}}))
	}},
	{"Video: Video Content Started", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.VideoContentStarted{SessionID: "s1", AssetID: "a1", Position: new(30)}}))
	}},
	{"Video: Video Playback Buffer Completed", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.VideoPlaybackBufferCompleted{SessionID: "s1", ContentAssetID: "a1", Position: new(30)}}))
	}},
	{"Video: Video Playback Buffer Started", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.VideoPlaybackBufferStarted{SessionID: "s1", ContentAssetID: "a1", Position: new(30)}}))
	}},
	{"Video: Video Playback Completed", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.VideoPlaybackCompleted{SessionID: "s1", ContentAssetID: "a1", Position: new(30)}}))
	}},
	{"Video: Video Playback Exited", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.VideoPlaybackExited{SessionID: "s1", ContentAssetID: "a1", Position: new(30)}}))
	}},
	{"Video: Video Playback Interrupted", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.VideoPlaybackInterrupted{SessionID: "s1", ContentAssetID: "a1", Position: new(30)}}))
	}},
	{"Video: Video Playback Paused", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.VideoPlaybackPaused{SessionID: "s1", ContentAssetID: "a1", Position: new(30)}}))
	}},
	{"Video: Video Playback Resumed", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.VideoPlaybackResumed{SessionID: "s1", ContentAssetID: "a1", Position: new(30)}}))
	}},
	{"Video: Video Playback Seek Completed", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.VideoPlaybackSeekCompleted{SessionID: "s1", ContentAssetID: "a1", Position: new(30)}}))
	}},
	{"Video: Video Playback Seek Started", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.VideoPlaybackSeekStarted{SessionID: "s1", ContentAssetID: "a1", Position: new(30)}}))
	}},
	{"Video: Video Playback Started", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.VideoPlaybackStarted{SessionID: "s1", ContentAssetIDs: []string{"a1"}, Position: new(30)}}))
	}},
	{"Video: Video Quality Updated", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Track{UserID: "u1", Event: events.VideoQualityUpdated{Bitrate: new(4000), DroppedFrames: new(2)}}))
	}},
	{"Objects: Create an object", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.SetObject{TypeID: "2", ObjectID: "acme", Attributes: map[string]any{"name": "Acme"}}))
	}},
	{"Objects: Update an object", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.SetObject{TypeID: "2", ObjectID: "acme", Attributes: map[string]any{"employees": 329}}))
	}},
	{"Objects: Delete an object", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.DeleteObject{TypeID: "2", ObjectID: "acme"}))
	}},
	{"Objects: Relate a person to an object", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Relate{UserID: "u1", TypeID: "2", ObjectID: "acme", Attributes: map[string]any{"role": "admin"}}))
	}},
	{"Objects: Unrelate a person from an object", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.DeleteRelationship{UserID: "u1", TypeID: "2", ObjectID: "acme"}))
	}},
	{"Objects: Send your own group call", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Group{UserID: "u1", GroupID: "acme", Traits: map[string]any{"name": "Acme"}}))
	}},
	{"Devices: Register a device", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.SetDevice{UserID: "u1", Token: "t1", Platform: cio.PlatformIOS}))
	}},
	{"Devices: Update a device", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.SetDevice{UserID: "u1", Token: "t1", Platform: cio.PlatformIOS, Attributes: map[string]any{"app_version": "2.1"}}))
	}},
	{"Devices: Delete a device", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.DeleteDevice{UserID: "u1", Token: "t1"}))
	}},
	{"Pages and screens: Record a page view", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Page{UserID: "u1", Name: "Home", Properties: map[string]any{"url": "https://shop.example.com/"}}))
	}},
	{"Pages and screens: Record a screen view", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Screen{UserID: "u1", Name: "Cart", Properties: map[string]any{"items": 2}}))
	}},
	{"Alias and merge: Alias one id to another", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Alias{UserID: "u1", PreviousID: "u0"}))
	}},
	{"Alias and merge: Merge two people", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.Alias{UserID: "u1", PreviousID: "u0"}))
	}},
	{"Batches: Send a batch", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, messages...))
	}},
	{"Batches: Split what is too large for one request", "accepted in several requests", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, messages...))
	}},
	{"Batches: Validate the size of a message", "rejected: message-too-large", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(cio.Encode(cio.Identify{UserID: "u1", Traits: map[string]any{"note": strings.Repeat("x", 40_000)}}))
	}},
	{"Batches: Set the size of a request", "ok", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(cio.NewClient(cio.Config{APIKey: key, Region: cio.RegionUS, MaxBatchBytes: 100_000}))
	}},
	{"Privacy: User deleted", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.DeletePerson{UserID: "u1"}))
	}},
	{"Privacy: User suppressed", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.SuppressPerson{UserID: "u1"}))
	}},
	{"Privacy: User unsuppressed", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.UnsuppressPerson{UserID: "u1"}))
	}},
	{"Privacy: Device deleted", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.DeleteDevice{UserID: "u1", Token: "t1"}))
	}},
	{"Privacy: Object deleted", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.DeleteObject{ObjectID: "acme"}))
	}},
	{"Privacy: Relationship deleted", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.DeleteRelationship{UserID: "u1", ObjectID: "acme"}))
	}},
	{"Privacy: Audit of a deletion: who ordered it, for whom, why", "ok", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(erasure.NewPlan(erasure.PlanConfig{Action: erasure.ActionDelete, Client: client, ReceiptKey: erasure.NewReceiptKey(), GuardKey: erasure.NewGuardKey(), Reason: "Art. 17 GDPR"}, []erasure.Target{{ID: "u1"}}))
	}},
	{"Privacy: Audit of a suppression", "ok", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(erasure.NewPlan(erasure.PlanConfig{Action: erasure.ActionSuppress, Client: client, ReceiptKey: erasure.NewReceiptKey(), GuardKey: erasure.NewGuardKey(), Reason: "Art. 21 GDPR"}, []erasure.Target{{ID: "u1"}}))
	}},
	{"Privacy: Audit of the end of a suppression", "ok", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(erasure.NewPlan(erasure.PlanConfig{Action: erasure.ActionUnsuppress, Client: client, ReceiptKey: erasure.NewReceiptKey(), GuardKey: erasure.NewGuardKey(), Reason: "signed up again"}, []erasure.Target{{ID: "u1"}}))
	}},
	{"Privacy: Audit: what was done, in a record with signed entries", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(erasure.Run(ctx, job))
	}},
	{"Privacy: Audit: reading the record later", "ok after a run", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(erasure.Check(job.Dir, erasure.CheckConfig{Keys: job.Keys}))
	}},
	{"Privacy: Report on a delivery", "accepted", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, cio.ReportDelivery{DeliveryID: "d1", Metric: cio.MetricOpened}))
	}},
	{"Validators: An email address has the form of one", "ok", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(mail.ParseAddress("ann@example.com"))
	}},
	{"Validators: An email address has not the form of one", "error", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(mail.ParseAddress("ann@"))
	}},
	{"Validators: A person has an id or an email address", "rejected: missing-identity", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(cio.Encode(cio.Identify{Traits: map[string]any{cio.TraitEmail: ""}}))
	}},
	{"Validators: A user id is given", "rejected: missing-identity", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(cio.Encode(cio.DeletePerson{}))
	}},
	{"Validators: A user id is not too long", "warned: id-length", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(cio.Encode(cio.Identify{UserID: strings.Repeat("x", 151)}))
	}},
	{"Validators: An event has a name", "rejected: missing-event", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(cio.Encode(cio.Track{UserID: "u1", Event: cio.Named("", nil)}))
	}},
	{"Validators: An event's name is not too long", "warned: event-name-length", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(cio.Encode(cio.Track{UserID: "u1", Event: cio.Named(strings.Repeat("x", 101), nil)}))
	}},
	{"Validators: An event's name is not a misspelt name of Customer.io's", "rejected: near-semantic-name", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(cio.Encode(cio.Track{UserID: "u1", Event: cio.Named("order_completed", nil)}))
	}},
	{"Validators: A batch is not too large", "accepted in several requests", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(client.Send(ctx, messages...))
	}},
	{"Validators: A region exists", "error", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(cio.NewClient(cio.Config{APIKey: key, Region: "mars"}))
	}},
	{"Validators: A region is given", "error", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(cio.NewClient(cio.Config{APIKey: key}))
	}},
	{"Exceptions: The base of all errors that the API answers", "true after a 500", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(errors.As(err, new(*cio.APIError)))
	}},
	{"Exceptions: Whether a retry may help", "true after a 500", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(cio.Retryable(err))
	}},
	{"Exceptions: A key that is refused", "true after a refused key", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(errors.Is(err, cio.ErrUnauthorized))
	}},
	{"Exceptions: Too many requests", "true after a 429", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(errors.Is(err, cio.ErrRateLimited))
	}},
	{"Exceptions: A server that fails", "true after a 500", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(errors.Is(err, cio.ErrUnavailable))
	}},
	{"Exceptions: A network that fails", "true after no answer", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(errors.Is(err, cio.ErrUnavailable))
	}},
	{"Exceptions: A message that is invalid", "true after an invalid message", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(errors.Is(err, cio.ErrInvalid))
	}},
	{"Exceptions: Which message, which field and why", "true after an invalid message", func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {
		return results(errors.As(err, new(*cio.MessageError)))
	}},
}
