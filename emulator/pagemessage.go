package emulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// pageLink is a link of the page.
type pageLink struct {
	Text, Link string
}

// messagePath is the address of a message.
func messagePath(sequence uint64) string { return fmt.Sprintf("/messages/%d", sequence) }

// whoOf names whom a message is about, with a link: to the person, or, if no
// person is known, to the messages that name the same anonymousId.
func whoOf(w string, m Message) pageLink {
	id := m.UserID
	if id == "" && m.Type == "identify" {
		var sent struct{ Traits struct{ Email string } }
		if json.Unmarshal(m.Raw, &sent) == nil {
			id = sent.Traits.Email
		}
	}
	switch {
	case id != "" && strings.Trim(id, ".") != "": // browsers resolve dots
		return pageLink{id, pageURL(w, "/people/"+url.PathEscape(id))}
	case id != "" || m.AnonymousID != "":
		if id == "" {
			id = m.AnonymousID
		}
		return pageLink{id, pageURL(w, "/messages", "person", id)}
	}
	return pageLink{}
}

// messageData is what the page shows of a message.
type messageData struct {
	MessageDetail
	filterLink
	Who  pageLink
	Curl string
}

// maxCurlBytes bounds the body that is shown as a command.
const maxCurlBytes = 8_000

func (p *pageRequest) message(number string) (view, error) {
	n, err := strconv.ParseUint(number, 10, 64)
	if err != nil || n == 0 {
		return view{}, p.noMessage("The address of a message is its number, such as /messages/12.")
	}
	if !p.found {
		return view{}, p.noMessage("No message has arrived yet.")
	}
	var data messageData
	var among MessagesQuery
	data.Form, among, err = parseMessageFilter(p.query, p.s.Clock().Now)
	if err != nil {
		return view{}, err
	}
	data.W, among.Key = p.at.Handle, p.key
	data.MessageDetail, err = p.s.Message(MessageQuery{Sequence: n, Among: among})
	if errors.Is(err, ErrNotFound) {
		return view{}, p.messageGone(n)
	}
	if err != nil {
		return view{}, err
	}
	data.Who = whoOf(p.at.Handle, data.Message)
	if data.Body != "" && len(data.Body) < maxCurlBytes {
		data.Curl = curlOf(p.base(), *data.Call, data.Body)
	}
	return view{template: "message", title: "Message " + number, section: "messages", data: data}, nil
}

// messageGone says why there is no message of that number.
func (p *pageRequest) messageGone(n uint64) error {
	newest, err := p.s.Messages(MessagesQuery{Key: p.key, Limit: 1})
	switch {
	case err != nil:
		return err
	case len(newest.Messages) == 0:
		return p.noMessage("This workspace has no messages. Perhaps the message is in another one: choose it above.")
	case n > newest.Messages[0].Sequence:
		return p.noMessage(fmt.Sprintf("The newest message of this workspace has the number %s. Perhaps yours is in another one, or the workspace was emptied since.",
			count(newest.Messages[0].Sequence)))
	}
	return p.noMessage("The journal does not keep it any more. It keeps the newest messages; start the emulator with a larger --max-messages to keep more.")
}

func (p *pageRequest) noMessage(why string) error {
	return pageNotFound("There is no such message.", why, pageLink{"All messages", pageURL(p.query.Get("w"), "/messages")})
}
