package emulator

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/ciokit/cio/emulator/internal/rawjson"
)

// preferences returns the topics that a person's preferences name by their
// number, and whether they are subscribed to each. The trait is an object, or
// its JSON as text.
func (p *personState) preferences() map[int]bool {
	raw := p.traits.get(subscriptionPreferences)
	if rawjson.IsString(raw) {
		raw = rawjson.Unquote(raw)
	}
	var trait struct{ Topics map[string]json.RawMessage }
	if raw == "" || json.Unmarshal([]byte(raw), &trait) != nil {
		return nil
	}
	topics := make(map[int]bool, len(trait.Topics))
	for name, value := range trait.Topics {
		if n, err := strconv.Atoi(strings.TrimPrefix(name, topicPrefix)); err == nil && n > 0 && strings.HasPrefix(name, topicPrefix) {
			topics[n] = isTrue(string(value))
		}
	}
	return topics
}

const topicPrefix = "topic_"

// topics are the numbers of those that anybody's preferences name: nobody says
// here which a workspace has.
func (ws *workspaceState) topics() []int {
	var numbers []int
	for _, p := range ws.byCustomerIOID {
		for n := range p.preferences() {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return slices.Compact(numbers)
}

// topicName replaces the name of a topic, which the emulator does not know.
func topicName(n int) string { return "Topic " + strconv.Itoa(n) }

func (ws *workspaceState) appTopics(*appCall) reply {
	list := []map[string]any{}
	for _, n := range ws.topics() {
		list = append(list, map[string]any{"id": n, "identifier": topicPrefix + strconv.Itoa(n), "name": topicName(n), "description": "", "subscribed_by_default": false})
	}
	return appReply(map[string]any{"topics": list})
}

func (ws *workspaceState) appSubscriptions(_ *appCall, p *personState) reply {
	preferences := p.preferences()
	list := []map[string]any{}
	for _, n := range ws.topics() {
		list = append(list, map[string]any{"id": strconv.Itoa(n), "name": topicName(n), "description": "", "subscribed": preferences[n]})
	}
	of := p.appIdentifiers()
	return appReply(map[string]any{"customer": map[string]any{"id": of.ID, "identifiers": of, "unsubscribed": isTrue(p.traits.get("unsubscribed")),
		"header": map[string]string{"title": "", "subtitle": ""}, "topics": list}})
}
