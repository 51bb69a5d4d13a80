package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/destination"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/nextstep"
	"github.com/spf13/cobra"
)

// call collects the flags of ciokit send.
type call struct {
	to                                       destination.Flags
	userID, anonymousID, groupID, previousID string
	name, category                           string
	traits, properties, context              string
	set, setJSON                             []string
	messageID, timestamp                     string
	giveUpAfter                              time.Duration
	verbatim, dryRun, json, acceptAny2xx     bool
}

func newSend(con console.Console) *cobra.Command {
	send := &cobra.Command{
		Use:   "send",
		Short: "Send one message",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	for _, kind := range []struct{ use, short, example string }{
		{"identify", "Create a person or set traits", `  ciokit send identify --to emulator --user-id 42 --set email=ann@example.com --set-json logins=3`},
		{"track EVENT", "Record that a person did something", `  ciokit send track "Order Completed" --to emulator --user-id 42 --set order_id=A-7 --set-json total=12.50`},
		{"page", "Record a page view", `  ciokit send page --to emulator --user-id 42 --name Home --set url=https://shop.example/`},
		{"screen", "Record a screen view", `  ciokit send screen --to emulator --user-id 42 --name Cart`},
		{"group", "Create an object or relate a person to it", `  ciokit send group --to emulator --group-id acme --user-id 42 --set name=Acme --set objectTypeId=1`},
		{"alias", "Say that two ids are one person", `  ciokit send alias --to emulator --user-id 42 --previous-id old-42`},
	} {
		send.AddCommand(newSendKind(con, kind.use, kind.short, kind.example))
	}
	return send
}

func newSendKind(con console.Console, use, short, example string) *cobra.Command {
	c := &call{}
	kind, _, takesEvent := strings.Cut(use, " ")
	args := cobra.NoArgs
	if takesEvent {
		args = oneEvent
	}
	cmd := &cobra.Command{
		Use: use, Short: short, Example: example, Args: args,
		RunE: func(cmd *cobra.Command, args []string) error {
			event := strings.Join(args, "")
			m, err := c.message(kind, event)
			if err != nil {
				return exit.Fail(exit.Usage, "%w", err)
			}
			return c.send(cmd.Context(), con, m)
		},
	}
	f := cmd.Flags()
	destination.AddFlags(cmd, &c.to.To, &c.to.KeyFile)
	f.StringVar(&c.userID, "user-id", "", "the person's id, or an email address")
	body := "properties"
	switch kind {
	case "alias":
		f.StringVar(&c.previousID, "previous-id", "", "the id that is replaced")
		body = ""
	case "group":
		f.StringVar(&c.groupID, "group-id", "", "the object's id")
		body = "traits"
	case "identify":
		body = "traits"
	case "page", "screen":
		f.StringVar(&c.name, "name", "", "name of the "+kind)
		f.StringVar(&c.category, "category", "", "category of the "+kind)
	}
	if kind != "alias" {
		f.StringVar(&c.anonymousID, "anonymous-id", "", "the id of a person who is not known yet")
		f.StringVar(map[string]*string{"traits": &c.traits, "properties": &c.properties}[body], body, "", body+" as a JSON object")
		f.StringArrayVar(&c.set, "set", nil, "NAME=TEXT, one of the "+body+" as text; can be repeated")
		f.StringArrayVar(&c.setJSON, "set-json", nil, "NAME=JSON, one of the "+body+" as a JSON value; can be repeated")
	}
	f.StringVar(&c.context, "context", "", "context as a JSON object")
	f.StringVar(&c.messageID, "message-id", "", "id of the message; default a random one")
	f.StringVar(&c.timestamp, "timestamp", "", "when it happened, in RFC 3339; default now")
	if takesEvent {
		f.BoolVar(&c.verbatim, "verbatim", false, "send the event's name unchanged, even if it looks like a misspelt semantic one")
	}
	f.DurationVar(&c.giveUpAfter, "give-up-after", 30*time.Second, "stop retrying after this time")
	destination.AddAcceptAnyFlag(cmd, &c.acceptAny2xx)
	f.BoolVar(&c.dryRun, "dry-run", false, "check and print the message, send nothing")
	f.BoolVar(&c.json, "json", false, "print the outcome as JSON")
	console.SetSections(cmd, []console.Section{
		{Title: "The message", Flags: []string{"user-id", "anonymous-id", "previous-id", "group-id", "name", "category", "set", "set-json", "traits", "properties", "context", "message-id", "timestamp", "verbatim"}},
		{Title: "Where it goes", Flags: []string{"to", "key-file", "give-up-after", "accept-any-2xx"}},
		{Title: "Safety and output", Flags: []string{"dry-run", "json"}},
	})
	return cmd
}

// oneEvent requires one name of an event. Without quotes, each word of a name is an argument.
func oneEvent(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return fmt.Errorf("put the name of an event in quotes if it has several words: %s", nextstep.Word(strings.Join(args, " ")))
	}
	return cobra.ExactArgs(1)(cmd, args)
}

// message makes the message from the flags.
func (c *call) message(kind, event string) (cio.Message, error) {
	at, err := c.time()
	if err != nil {
		return nil, err
	}
	context, err := object("--context", c.context)
	if err != nil {
		return nil, err
	}
	body, err := c.body(kind)
	if err != nil {
		return nil, err
	}
	switch kind {
	case "identify":
		return cio.Identify{UserID: c.userID, AnonymousID: c.anonymousID, Traits: body, MessageID: c.messageID, Timestamp: at, Context: context}, nil
	case "track":
		e := cio.Named(event, body)
		if c.verbatim {
			e = cio.Verbatim(event, body)
		}
		return cio.Track{UserID: c.userID, AnonymousID: c.anonymousID, Event: e, MessageID: c.messageID, Timestamp: at, Context: context}, nil
	case "page":
		return cio.Page{UserID: c.userID, AnonymousID: c.anonymousID, Name: c.name, Category: c.category, Properties: body, MessageID: c.messageID, Timestamp: at, Context: context}, nil
	case "screen":
		return cio.Screen{UserID: c.userID, AnonymousID: c.anonymousID, Name: c.name, Category: c.category, Properties: body, MessageID: c.messageID, Timestamp: at, Context: context}, nil
	case "group":
		return cio.Group{UserID: c.userID, AnonymousID: c.anonymousID, GroupID: c.groupID, Traits: body, MessageID: c.messageID, Timestamp: at, Context: context}, nil
	}
	return cio.Alias{UserID: c.userID, PreviousID: c.previousID, MessageID: c.messageID, Timestamp: at, Context: context}, nil
}

func (c *call) time() (time.Time, error) {
	if c.timestamp == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339Nano, c.timestamp)
	if err != nil {
		return t, errors.New("--timestamp must be a time in RFC 3339, such as 2026-01-31T12:00:00Z")
	}
	return t, nil
}

// body merges --traits or --properties with --set and --set-json; nil if none is given.
func (c *call) body(kind string) (any, error) {
	flag, text := "--properties", c.properties
	if kind == "identify" || kind == "group" {
		flag, text = "--traits", c.traits
	}
	m, err := object(flag, text)
	if err != nil || len(c.set)+len(c.setJSON) == 0 {
		return m, err
	}
	body := map[string]any{}
	if raw, ok := m.(json.RawMessage); ok {
		var members map[string]json.RawMessage
		if err := json.Unmarshal(raw, &members); err != nil {
			return nil, fmt.Errorf("%s is not a JSON object", flag)
		}
		for k, v := range members {
			body[k] = v
		}
	}
	for _, s := range c.set {
		name, value, ok := strings.Cut(s, "=")
		if !ok || name == "" {
			return nil, errors.New("--set must be NAME=TEXT, such as email=ann@example.com")
		}
		body[name] = value
	}
	for _, s := range c.setJSON {
		name, value, ok := strings.Cut(s, "=")
		if !ok || name == "" || !json.Valid([]byte(value)) {
			return nil, fmt.Errorf("--set-json must be NAME=JSON, such as count=3 or tags='[\"a\"]'; for text use --set %s=TEXT", name)
		}
		body[name] = json.RawMessage(value)
	}
	return body, nil
}

// object returns the flag's JSON object, nil if the flag is not given.
func object(flag, text string) (any, error) {
	if text == "" {
		return nil, nil
	}
	if !json.Valid([]byte(text)) || !strings.HasPrefix(strings.TrimSpace(text), "{") {
		return nil, fmt.Errorf(`%s is not a JSON object, such as '{"plan": "pro"}'`, flag)
	}
	return json.RawMessage(text), nil
}

func (c *call) send(ctx context.Context, con console.Console, m cio.Message) error {
	e, err := cio.Encode(m)
	if err != nil {
		return exit.With(exit.Rejects, err)
	}
	if c.dryRun {
		b, _ := e.AppendJSON(nil)
		fmt.Fprintf(con.Out, "%s\n", b)
		return nil
	}
	to, err := c.to.Resolve(ctx, con)
	if err != nil {
		return err
	}
	cfg := to.Config
	cfg.Logger, cfg.MaxElapsed, cfg.AcceptAny2xx = console.Logger(con.Err, c.to.Words), max(c.giveUpAfter, time.Nanosecond), c.acceptAny2xx
	client, err := cio.NewClient(cfg)
	if err != nil {
		return exit.With(exit.Usage, err)
	}
	err = client.Send(ctx, e)
	if c.json {
		outcome := struct {
			Accepted  bool   `json:"accepted"`
			Outcome   string `json:"outcome"`
			MessageID string `json:"messageId"`
			Type      string `json:"type"`
			Requests  int64  `json:"requests"`
			Error     string `json:"error,omitempty"`
		}{err == nil, "accepted", e.MessageID(), string(e.Type()), client.Stats().Requests, ""}
		var sendErr *cio.SendError
		if errors.As(err, &sendErr) {
			outcome.Outcome, outcome.Error = sendErr.Failures[0].Outcome.String(), c.to.Words(sendErr.Error())
		}
		if err := json.NewEncoder(con.Out).Encode(outcome); err != nil {
			return exit.With(exit.Local, err)
		}
	} else if err == nil {
		fmt.Fprintf(con.Out, "accepted: %s %s\n", e.Type(), e.MessageID())
	}
	if errors.Is(err, destination.ErrRefused) {
		err = fmt.Errorf("%w; no server listens on %s: check --to, or start an emulator there with: %s", err, client.Target(), destination.Emulate(client.Target()))
	}
	return sendExit(ctx, c.to.Explain(err))
}

// sendExit adds the exit code to the error of Send.
func sendExit(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return exit.With(exit.Interrupted, err)
	case errors.Is(err, cio.ErrUnauthorized):
		return exit.With(exit.Key, err)
	case errors.Is(err, cio.ErrInvalid):
		return exit.With(exit.Rejects, err)
	}
	return exit.With(exit.Unavailable, err)
}
