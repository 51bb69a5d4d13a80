package livetest

import (
	"context"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/appapi"
	"github.com/ciokit/cio/events"
)

var eventCases = []Case{
	{Area: "events", Name: "an event with a custom name", people: 1, met: true, run: func(ctx context.Context, s *scope) error {
		err := s.send(ctx, cio.Track{UserID: s.people[0], Event: cio.Named("Ciokit Test Trial Started", map[string]any{"plan": "pro", "seats": 5, "nested": map[string]any{"list": []int{1, 2}}})})
		if err != nil {
			return err
		}
		return s.logs(ctx, s.people[0], appapi.ActivityEvent, "Ciokit Test Trial Started")
	}},
	{Area: "events", Name: "an event in the past, and one of an anonymous person", people: 1, met: true, anonymous: 1, run: func(ctx context.Context, s *scope) error {
		err := s.send(ctx,
			cio.Track{UserID: s.people[0], Event: cio.Named("Ciokit Test Backfill", nil), Timestamp: time.Now().AddDate(0, 0, -10)},
			cio.Track{AnonymousID: s.anonymous[0], Event: cio.Named("Ciokit Test Visit", nil)},
		)
		if err != nil {
			return err
		}
		return s.logs(ctx, s.people[0], appapi.ActivityEvent, "Ciokit Test Backfill")
	}},
	{Area: "events", Name: "a custom context and integrations", people: 1, met: true, run: func(ctx context.Context, s *scope) error {
		err := s.send(ctx, cio.Track{UserID: s.people[0], Event: cio.Named("Ciokit Test Context", nil),
			Context:      map[string]any{"ip": "203.0.113.7", "locale": "de-DE", "page": map[string]any{"url": "https://shop.example/"}},
			Integrations: map[string]any{"All": true}})
		if err != nil {
			return err
		}
		return s.logs(ctx, s.people[0], appapi.ActivityEvent, "Ciokit Test Context")
	}},
	{Area: "events", Name: "semantic events of email, chat, experiments and apps", people: 1, met: true, run: func(ctx context.Context, s *scope) error {
		return s.sendEvents(ctx, s.people[0], otherEvents)
	}},
}

var ecommerceCases = []Case{
	{Area: "ecommerce", Name: "every event in one batch", people: 1, met: true, run: func(ctx context.Context, s *scope) error {
		return s.sendEvents(ctx, s.people[0], shopEvents)
	}},
	{Area: "ecommerce", Name: "an order by its own endpoint", people: 1, met: true, run: func(ctx context.Context, s *scope) error {
		return s.sendEvents(ctx, s.people[0], shopEvents[:1])
	}},
}

var videoCases = []Case{
	{Area: "video", Name: "every event in one batch", people: 1, met: true, run: func(ctx context.Context, s *scope) error {
		return s.sendEvents(ctx, s.people[0], videoEvents)
	}},
}

// sendEvents sends the events for the person, and waits until all are in the log.
func (s *scope) sendEvents(ctx context.Context, id string, list []cio.Event) error {
	var msgs []cio.Message
	var names []string
	for _, e := range list {
		msgs = append(msgs, cio.Track{UserID: id, Event: e})
		names = append(names, e.EventName())
	}
	if err := s.send(ctx, msgs...); err != nil {
		return err
	}
	return s.logs(ctx, id, appapi.ActivityEvent, names...)
}

var product = events.Product{ProductID: "p1", SKU: "sku-1", Name: "Shoe", Price: new(59.9), Quantity: new(2)}

// The events that change people or objects are sent by other cases.
var (
	shopEvents = []cio.Event{
		events.OrderCompleted{OrderID: "o1", Total: new(119.8), Currency: "EUR", Products: []events.Product{product}},
		events.ProductsSearched{Query: "shoes"},
		events.ProductListViewed{ListID: "l1", Category: "shoes", Products: []events.Product{product}},
		events.ProductListFiltered{ListID: "l1", Category: "shoes", Products: []events.Product{product}},
		events.PromotionViewed{PromotionID: "spring", Name: "Spring"},
		events.PromotionClicked{PromotionID: "spring", Name: "Spring"},
		events.ProductClicked{ProductID: "p1", Price: new(59.9)},
		events.ProductViewed{ProductID: "p1", Price: new(59.9)},
		events.ProductAdded{ProductID: "p1", CartID: "c1", Quantity: new(2)},
		events.ProductRemoved{ProductID: "p1", CartID: "c1"},
		events.CartViewed{CartID: "c1", Products: []events.Product{product}},
		events.CheckoutStarted{OrderID: "o1", Revenue: new(119.8), Currency: "EUR"},
		events.CheckoutStepViewed{CheckoutID: "k1", Step: new(1)},
		events.CheckoutStepCompleted{CheckoutID: "k1", Step: new(1)},
		events.PaymentInfoEntered{CheckoutID: "k1", PaymentMethod: "invoice"},
		events.OrderUpdated{OrderID: "o1"},
		events.OrderRefunded{OrderID: "o1", Total: new(119.8)},
		events.OrderCancelled{OrderID: "o1"},
		events.CouponEntered{CouponID: "q1", CartID: "c1"},
		events.CouponApplied{CouponID: "q1", CartID: "c1", Discount: new(5.0)},
		events.CouponDenied{CouponID: "q1", CartID: "c1", Reason: "expired"},
		events.CouponRemoved{CouponID: "q1", CartID: "c1"},
		events.ProductAddedToWishlist{WishlistID: "w1", ProductID: "p1"},
		events.ProductRemovedFromWishlist{WishlistID: "w1", ProductID: "p1"},
		events.WishlistProductAddedToCart{WishlistID: "w1", CartID: "c1", ProductID: "p1"},
		events.ProductShared{ProductID: "p1", ShareVia: "email"},
		events.CartShared{CartID: "c1", ShareVia: "email"},
		events.ProductReviewed{ProductID: "p1", Rating: new(5)},
	}
	videoEvents = []cio.Event{
		events.VideoPlaybackStarted{SessionID: "s1", TotalLength: new(600)},
		events.VideoPlaybackPaused{SessionID: "s1", Position: new(30)},
		events.VideoPlaybackInterrupted{SessionID: "s1", Position: new(30)},
		events.VideoPlaybackBufferStarted{SessionID: "s1", Position: new(30)},
		events.VideoPlaybackBufferCompleted{SessionID: "s1", Position: new(30)},
		events.VideoPlaybackSeekStarted{SessionID: "s1", Position: new(30)},
		events.VideoPlaybackSeekCompleted{SessionID: "s1", Position: new(90)},
		events.VideoPlaybackResumed{SessionID: "s1", Position: new(90)},
		events.VideoPlaybackCompleted{SessionID: "s1", Position: new(600)},
		events.VideoPlaybackExited{SessionID: "s1", Position: new(600)},
		events.VideoContentStarted{SessionID: "s1", AssetID: "a1", Title: "Pilot"},
		events.VideoContentPlaying{SessionID: "s1", AssetID: "a1", Position: new(10)},
		events.VideoContentCompleted{SessionID: "s1", AssetID: "a1"},
		events.VideoAdStarted{SessionID: "s1", AssetID: "ad1"},
		events.VideoAdPlaying{SessionID: "s1", AssetID: "ad1", Position: new(5)},
		events.VideoAdCompleted{SessionID: "s1", AssetID: "ad1"},
		events.VideoQualityUpdated{Bitrate: new(3000)},
	}
	otherEvents = []cio.Event{
		events.ExperimentViewed{ExperimentID: "x1", VariationID: "b"},
		events.EmailBounced{EmailID: "e1"},
		events.EmailDelivered{EmailID: "e1"},
		events.EmailOpened{EmailID: "e1", Email: "nobody@example.com"},
		events.EmailLinkClicked{EmailID: "e1", LinkURL: "https://shop.example/"},
		events.EmailMarkedAsSpam{EmailID: "e1"},
		events.EmailUnsubscribed{EmailID: "e1"},
		events.LiveChatConversationStarted{ConversationID: "v1"},
		events.LiveChatMessageSent{ConversationID: "v1"},
		events.LiveChatMessageReceived{ConversationID: "v1"},
		events.LiveChatConversationEnded{ConversationID: "v1"},
		events.ApplicationInstalled{Version: "2.1"},
		events.ApplicationOpened{Version: "2.1"},
		events.ApplicationUpdated{PreviousVersion: "2.0", Version: "2.1"},
		events.ApplicationForegrounded{},
		events.ApplicationBackgrounded{},
		events.ApplicationCrashed{},
		events.ApplicationUninstalled{},
	}
)
