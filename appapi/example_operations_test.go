package appapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/appapi"
)

var reader = func() *appapi.Client {
	client, err := appapi.NewClient(appapi.Config{APIKey: "app-api-key", Region: cio.RegionUS})
	if err != nil {
		log.Fatal(err)
	}
	return client
}()

func ExampleCustomers_Search() {
	filter := appapi.All(
		appapi.AttributeIs("plan", "pro"),
		appapi.Any(appapi.HasAttribute("phone"), appapi.InSegment("7")),
		appapi.Not(appapi.AttributeIs("country", "US")),
	)
	for person, err := range reader.Customers().Search(context.Background(), filter, appapi.SearchQuery{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(person.ID)
	}
}

func ExampleCustomers_Many() {
	for person, err := range reader.Customers().Many(context.Background(), "1", "2", "3") {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(person.Identifiers.ID, person.Attributes["plan"])
	}
}

func ExampleCustomers_Segments() {
	ctx, ann := context.Background(), appapi.ByEmail("ann@example.com")
	segments, err := reader.Customers().Segments(ctx, ann)
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range segments {
		fmt.Println(s.ID, s.Name)
	}
	subscribed, err := reader.Customers().Subscriptions(ctx, ann, appapi.SubscriptionQuery{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(subscribed.Unsubscribed)
	for m, err := range reader.Customers().Messages(ctx, ann, appapi.CustomerMessageQuery{From: time.Now().AddDate(0, -1, 0)}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(m.Type, m.Subject, m.Metrics.Sent)
	}
}

func ExampleSegments_Members() {
	ctx := context.Background()
	segment, err := reader.Segments().Create(ctx, appapi.NewSegment{Name: "VIP"})
	if err != nil {
		log.Fatal(err)
	}
	if segment, err = reader.Segments().Get(ctx, segment.ID); err != nil {
		log.Fatal(err)
	}
	n, err := reader.Segments().Count(ctx, segment.ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(segment.Name, n)
	for person, err := range reader.Segments().Members(ctx, segment.ID, appapi.MemberQuery{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(person.ID)
	}
	used, err := reader.Segments().UsedBy(ctx, segment.ID)
	if err != nil {
		log.Fatal(err)
	}
	if len(used.CampaignIDs) == 0 {
		err = reader.Segments().Delete(ctx, segment.ID)
	}
	fmt.Println(err)
}

func ExampleSuppressions_Of() {
	ctx, address := context.Background(), "ann@example.com"
	found, err := reader.Suppressions().Of(ctx, address)
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range found.Suppressions {
		fmt.Println(found.Category, s.Reason, s.Created)
	}
	err = reader.Suppressions().Remove(ctx, appapi.SuppressionTypeBounces, address)
	if err == nil {
		err = reader.Suppressions().Add(ctx, appapi.SuppressionTypeSpamReports, address)
	}
	fmt.Println(err)
}

func ExampleMessages_Get() {
	ctx := context.Background()
	for m, err := range reader.Messages().List(ctx, appapi.MessageQuery{Metric: appapi.MetricBounced, Type: appapi.MessageTypeEmail}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(m.ID, m.Customer.ID, m.FailureMessage)
	}
	m, err := reader.Messages().Get(ctx, "dgOq6AsBA8m...")
	if err != nil {
		log.Fatal(err)
	}
	sent, err := reader.Messages().Archived(ctx, m.ID)
	fmt.Println(sent.Subject, sent.Recipient, err)
}

func ExampleCampaigns_Metrics() {
	ctx, query := context.Background(), appapi.CampaignMetricsQuery{Period: appapi.PeriodDays, Steps: 7}
	campaigns, err := reader.Campaigns().List(ctx)
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range campaigns {
		m, err := reader.Campaigns().Metrics(ctx, c.ID, query)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(c.Name, m.Series.Sent, m.Series.Delivered)
	}
	links, _ := reader.Campaigns().LinkMetrics(ctx, "3", appapi.LinkMetricsQuery{Unique: true})
	journey, _ := reader.Campaigns().JourneyMetrics(ctx, "3", appapi.JourneyMetricsQuery{From: time.Now().AddDate(0, 0, -7), To: time.Now(), Resolution: appapi.ResolutionDays})
	fmt.Println(len(links), journey.Started)
	for action, err := range reader.Campaigns().Actions(ctx, "3") {
		if err != nil {
			log.Fatal(err)
		}
		one, _ := reader.Campaigns().Action(ctx, "3", action.ID)
		m, _ := reader.Campaigns().ActionMetrics(ctx, "3", action.ID, query)
		clicks, _ := reader.Campaigns().ActionLinkMetrics(ctx, "3", action.ID, appapi.MetricsQuery{})
		fmt.Println(one.Name, m.Series.Opened, len(clicks))
	}
}

func ExampleBroadcasts_Triggers() {
	ctx := context.Background()
	triggers, err := reader.Broadcasts().Triggers(ctx, "9")
	if err != nil {
		log.Fatal(err)
	}
	for _, t := range triggers {
		now, err := reader.Broadcasts().Trigger(ctx, "9", t.ID)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(now.CreatedAt, now.ProcessedAt)
		for text, err := range reader.Broadcasts().TriggerErrors(ctx, "9", t.ID, appapi.TriggerErrorQuery{}) {
			fmt.Println(text, err)
		}
	}
}

func ExampleNewsletters_Contents() {
	ctx := context.Background()
	for n, err := range reader.Newsletters().List(ctx, appapi.NewsletterQuery{Sort: appapi.SortOrderDesc}) {
		if err != nil {
			log.Fatal(err)
		}
		contents, err := reader.Newsletters().Contents(ctx, n.ID)
		if err != nil {
			log.Fatal(err)
		}
		for _, variant := range contents {
			one, _ := reader.Newsletters().Content(ctx, n.ID, variant.ID)
			m, _ := reader.Newsletters().ContentMetrics(ctx, n.ID, variant.ID, appapi.MetricsQuery{})
			links, _ := reader.Newsletters().ContentLinkMetrics(ctx, n.ID, variant.ID, appapi.MetricsQuery{})
			fmt.Println(one.Subject, m.Series.Opened, len(links))
		}
		groups, _ := reader.Newsletters().TestGroups(ctx, n.ID)
		fmt.Println(len(groups))
	}
}

func ExampleClient_Transactional() {
	list, err := reader.Transactional().List(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	for _, m := range list {
		n, isNumber := m.ID.Int()
		fmt.Println(n, isNumber, m.Name)
	}
}

// One call starts the export, waits for it and writes the file.
func ExampleExports_PeopleTo() {
	file, err := os.Create("people.csv")
	if err != nil {
		log.Fatal(err)
	}
	export, err := reader.Exports().PeopleTo(context.Background(), appapi.InSegment("7"), file, func(e appapi.Export) { fmt.Println(e.Status) })
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(export.Total, file.Close())
}

func ExampleExports_DeliveriesTo() {
	which := appapi.DeliveryExport{CampaignID: "3", Metric: appapi.MetricDelivered, From: time.Now().AddDate(0, 0, -7)}
	_, err := reader.Exports().DeliveriesTo(context.Background(), which, os.Stdout, nil)
	fmt.Println(err)
}

// Another process can continue with an export by its id.
func ExampleExports_Download() {
	ctx := context.Background()
	started, err := reader.Exports().People(ctx, appapi.HasAttribute("email"))
	if err != nil {
		log.Fatal(err)
	}
	done, err := reader.Exports().Wait(ctx, started.ID, nil)
	if err != nil {
		log.Fatal(err)
	}
	n, err := reader.Exports().Download(ctx, done.ID, os.Stdout)
	fmt.Println(n, err)

	link, err := reader.Exports().Link(ctx, done.ID) // another process will fetch it
	fmt.Println(link, err)
	deliveries, err := reader.Exports().Deliveries(ctx, appapi.DeliveryExport{NewsletterID: "4"})
	fmt.Println(deliveries.ID, err)
}

func ExampleImports_Start() {
	started, err := reader.Imports().Start(context.Background(), appapi.NewImport{
		Type: appapi.ImportTypePeople, Name: "March", Identifier: "id", DataFileURL: "https://files.example.com/people.csv", DataToProcess: appapi.ImportScopeOnlyNew,
	})
	if err != nil {
		log.Fatal(err)
	}
	now, err := reader.Imports().Get(context.Background(), started.ID)
	fmt.Println(now.State, now.RowsImported, err)
}

func ExampleObjects_Find() {
	ctx := context.Background()
	types, err := reader.Objects().Types(ctx)
	if err != nil {
		log.Fatal(err)
	}
	for object, err := range reader.Objects().Find(ctx, appapi.ObjectSearch{TypeID: types[0].ID, Filter: appapi.HasAttribute("name")}) {
		if err != nil {
			log.Fatal(err)
		}
		for related, err := range reader.Objects().Relationships(ctx, types[0].ID, object.ID) {
			fmt.Println(object.ID, related.Customer.ID, err)
		}
	}
}

func ExampleClient_Workspaces() {
	ctx := context.Background()
	workspaces, err := reader.Workspaces(ctx)
	topics, _ := reader.Topics(ctx)
	addresses, _ := reader.IPAddresses(ctx)
	fmt.Println(len(workspaces), len(topics), len(addresses), err)
}

// An operation without a method is called by its path.
func ExampleClient_Do() {
	var snippets struct {
		Snippets []struct{ Name, Value string }
	}
	err := reader.Do(context.Background(), "GET", "/v1/snippets", nil, nil, &snippets)
	fmt.Println(len(snippets.Snippets), err)
}

// A member that the API's document does not list is kept.
func ExampleExtra() {
	var segment appapi.Segment
	if err := json.Unmarshal([]byte(`{"id":7,"name":"VIP","colour":"red"}`), &segment); err != nil {
		log.Fatal(err)
	}
	fmt.Println(segment.ID, segment.Extra.Len(), string(segment.Extra.Get("colour")))
	for name, value := range segment.Extra.All() {
		fmt.Println(name, string(value))
	}
	again, _ := json.Marshal(segment)
	fmt.Println(string(again))
	// Output:
	// 7 1 "red"
	// colour "red"
	// {"id":7,"name":"VIP","colour":"red"}
}

func ExampleActivity_Changes() {
	for a, err := range reader.Activities().List(context.Background(), appapi.ActivityQuery{Type: appapi.ActivityAttributeChange}) {
		if err != nil {
			log.Fatal(err)
		}
		changes, err := a.Changes()
		if err != nil {
			log.Fatal(err)
		}
		for name, c := range changes {
			fmt.Println(a.At, name, c.From, c.To)
		}
	}
}

func ExampleActivityData_Delivery() {
	for a, err := range reader.Customers().Activities(context.Background(), appapi.ByID("42"), appapi.ActivityQuery{}) {
		if err != nil {
			log.Fatal(err)
		}
		if d, ok := a.Data.Delivery(); ok {
			fmt.Println(a.At, a.Type, d.DeliveryID, d.Opened)
		}
	}
}

func ExampleActivityData_Changes() {
	for a, err := range reader.Activities().List(context.Background(), appapi.ActivityQuery{Type: appapi.ActivityAttributeChange}) {
		if err != nil {
			log.Fatal(err)
		}
		changes, err := a.Data.Changes()
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(a.At, len(changes))
	}
}

func ExampleActivityData_Properties() {
	for a, err := range reader.Activities().List(context.Background(), appapi.ActivityQuery{Type: appapi.ActivityEvent, Name: "Order Completed"}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(a.At, string(a.Data.Properties()["total"]))
	}
}

func ExampleActivityData_JSON() {
	for a, err := range reader.Activities().List(context.Background(), appapi.ActivityQuery{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(a.Type, string(a.Data.JSON()))
	}
}
