package appapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// operation is one operation of the API. Those that have a method are in operations.
type operation struct {
	name   string // of the method
	method string
	path   string // as documented, with its parameters in braces
	answer string // the members that lead to what is returned, with dots between them; empty for the whole answer
	once   bool
}

// request fills the path's parameters in.
func (op operation) request(args []string, query url.Values) (request, error) {
	parts := strings.Split(op.path, "/")
	for i, part := range parts {
		if !strings.HasPrefix(part, "{") {
			continue
		}
		if args[0] == "" {
			if part == "{customer_id}" {
				return request{}, errors.New("appapi: no customer: name one with ByID, ByEmail or ByCIOID")
			}
			return request{}, errors.New("appapi: " + op.name + ": the " + strings.ReplaceAll(strings.Trim(part, "{}"), "_", " ") + " is empty")
		}
		parts[i], args = pathSegment(args[0]), args[1:]
	}
	return request{operation: op.name, method: op.method, path: strings.Join(parts, "/"), query: query, once: op.once}, nil
}

// checker is a request that can be checked before it is sent.
type checker interface{ check() error }

// send makes the call with a body, nil for none, and returns the answer's body.
func (c *Client) send(ctx context.Context, op operation, args []string, query url.Values, body any) ([]byte, error) {
	r, err := op.request(args, query)
	if err != nil {
		return nil, err
	}
	if body != nil {
		if w, ok := body.(checker); ok {
			if err := w.check(); err != nil {
				return nil, fmt.Errorf("appapi: %s: %w", op.name, err)
			}
		}
		if r.body, err = marshal(body); err != nil {
			return nil, fmt.Errorf("appapi: %s: %w", op.name, errors.Unwrap(err))
		}
	}
	return c.call(ctx, r)
}

// wrapped is a body that has the value as its only member.
func wrapped(name string, value any) any { return envelope{name, value} }

type envelope struct {
	name  string
	value any
}

func (e envelope) check() error {
	if w, ok := e.value.(checker); ok {
		return w.check()
	}
	return nil
}

// MarshalJSON writes the object.
func (e envelope) MarshalJSON() ([]byte, error) {
	value, err := marshal(e.value)
	if err != nil {
		return nil, errors.Unwrap(err)
	}
	return json.Marshal(map[string]json.RawMessage{e.name: value})
}

// answered returns the member of an answer that the operation returns.
func (op operation) answered(body []byte) (json.RawMessage, error) {
	if !json.Valid(body) {
		return nil, op.misread(&formError{want: "JSON"})
	}
	value := json.RawMessage(body)
	if op.answer == "" {
		return value, nil
	}
	for name := range strings.SplitSeq(op.answer, ".") {
		var all map[string]json.RawMessage
		if json.Unmarshal(value, &all) != nil {
			return nil, op.misread(&formError{want: "an object"})
		}
		value = all[name]
		if value == nil {
			return nil, op.misread(&formError{path: name, want: "there"})
		}
	}
	return value, nil
}

// misread describes an answer that is not as documented. The decoder's own text may quote what it read, so it is not shown.
func (op operation) misread(err error) error {
	message := "the answer is not the JSON that is documented"
	var f *formError
	if errors.As(err, &f) {
		message += " (" + f.Error() + ")"
	}
	return &APIError{Operation: op.name, Status: 200, Message: message + "; is a proxy in between?", Attempts: 1}
}

// one returns what an operation answers.
func one[T any](ctx context.Context, c *Client, op operation, args []string, query url.Values, body any) (T, error) {
	var value T
	text, err := c.send(ctx, op, args, query, body)
	if err != nil {
		return value, err
	}
	raw, err := op.answered(text)
	if err != nil {
		return value, err
	}
	if err := decode(raw, reflect.ValueOf(&value).Elem()); err != nil {
		var none T
		return none, op.misread(within(err, op.answer))
	}
	return value, nil
}

// nothing makes a call and ignores its answer.
func nothing(ctx context.Context, c *Client, op operation, args []string, query url.Values, body any) error {
	_, err := c.send(ctx, op, args, query, body)
	return err
}

// pages goes from page to page; each page names the next. An error is in the last pair.
func pages[T any](ctx context.Context, c *Client, op operation, args []string, query url.Values, body any) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		from := url.Values{} // the sequence may be ranged over again
		for name, values := range query {
			from[name] = values
		}
		for {
			text, err := c.send(ctx, op, args, from, body)
			if err != nil {
				yield(none, err)
				return
			}
			items, next, err := op.page(text)
			if err != nil {
				yield(none, err)
				return
			}
			for i, raw := range items {
				var item T
				if err := decode(raw, reflect.ValueOf(&item).Elem()); err != nil {
					yield(none, op.misread(within(within(err, "["+strconv.Itoa(i)+"]"), op.answer)))
					return
				}
				if !yield(item, nil) {
					return
				}
			}
			switch next {
			case "":
				return
			case from.Get("start"):
				yield(none, fmt.Errorf("appapi: %s: the answer names the page itself as the next one", op.name))
				return
			}
			from.Set("start", next)
		}
	}
}

// page returns the items of a page and the start of the next page; an empty start means that it is the last.
func (op operation) page(text []byte) (items []json.RawMessage, next string, _ error) {
	list, err := op.answered(text)
	if err != nil {
		return nil, "", err
	}
	if json.Unmarshal(list, &items) != nil {
		return nil, "", op.misread(&formError{op.answer, "a list"})
	}
	var tail struct {
		Next *json.RawMessage `json:"next"`
	}
	_ = json.Unmarshal(text, &tail) // it is an object
	if tail.Next == nil {
		return items, "", nil
	}
	var id ID // some say where by a number
	if id.UnmarshalJSON(*tail.Next) != nil {
		return nil, "", op.misread(&formError{"next", "text"})
	}
	return items, string(id), nil
}

// offsetPages goes from page to page by the number of items that came so far.
func offsetPages[T any](ctx context.Context, c *Client, op operation, args []string, query url.Values) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		from := url.Values{}
		for name, values := range query {
			from[name] = values
		}
		var before []T
		for offset := 0; ; {
			if offset > 0 {
				from.Set("offset", strconv.Itoa(offset))
			}
			items, err := one[[]T](ctx, c, op, args, from, nil)
			if err != nil {
				yield(none, err)
				return
			}
			if len(items) > 0 && reflect.DeepEqual(items, before) { // it would never end
				yield(none, fmt.Errorf("appapi: %s: the answer repeats the page before", op.name))
				return
			}
			before = items
			for _, item := range items {
				if !yield(item, nil) {
					return
				}
			}
			if offset += len(items); len(items) == 0 {
				return
			}
		}
	}
}

// params collects the parameters of a query. Zero values are not sent.
type params url.Values

func (p params) text(name, value string) {
	if value != "" {
		url.Values(p).Set(name, value)
	}
}

func (p params) int(name string, value int) {
	if value != 0 {
		url.Values(p).Set(name, strconv.Itoa(value))
	}
}

func (p params) bool(name string, value bool) {
	if value {
		url.Values(p).Set(name, "true")
	}
}

func (p params) time(name string, value time.Time) {
	if !value.IsZero() {
		url.Values(p).Set(name, strconv.FormatInt(value.Unix(), 10))
	}
}

// size sets the size of a page; most is the largest, 0 if none is documented. Without a size a page is as large as possible.
func (p params) size(name string, size, most int) {
	switch {
	case size <= 0:
		size = most
	case most > 0:
		size = min(size, most)
	}
	p.int(name, size)
}
