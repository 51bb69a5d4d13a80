package emulator

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// suppressedAddress is one that the email provider is to send nothing to. It is
// not the suppression of a person.
type suppressedAddress struct {
	Type  string    `json:"type"`
	Email string    `json:"email"` // in lower case
	At    time.Time `json:"at"`
}

// suppressionTypes are the types in paths, with the categories in answers.
var suppressionTypes = map[string]string{"bounces": "bounces", "spam_reports": "spam"}

type appSuppression struct {
	Created int64  `json:"created"`
	Email   string `json:"email"`
	Reason  string `json:"reason"`
	Status  string `json:"status"`
}

func (a suppressedAddress) shown() appSuppression {
	return appSuppression{a.At.Unix(), a.Email, "added by the App API", ""}
}

func (ws *workspaceState) appSuppressionsOf(c *appCall) reply {
	email := strings.ToLower(c.args[0])
	list, category := []appSuppression{}, ""
	for _, a := range ws.addresses {
		if a.Email == email {
			list, category = append(list, a.shown()), suppressionTypes[a.Type]
		}
	}
	answer := map[string]any{"suppressions": list}
	if category != "" {
		answer["category"] = category
	}
	return appReply(answer)
}

// Pages of suppressed addresses (docs/rules.md#the-app-api).
const (
	defaultAddresses = 100
	maxAddresses     = 1000
)

func (ws *workspaceState) appSuppressions(c *appCall) reply {
	category, ok := suppressionTypes[c.args[0]]
	if !ok {
		return noSuppressionType
	}
	_, limit, problem := appPage(c.query, defaultAddresses, maxAddresses)
	offset := 0
	if text := c.query.Get("offset"); text != "" && problem == "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			problem = "offset is a number from 0"
		}
		offset = n
	}
	if problem != "" {
		return errorReply(http.StatusBadRequest, problem)
	}
	list := []appSuppression{}
	for _, a := range ws.addresses {
		if a.Type != c.args[0] {
			continue
		}
		if offset--; offset < 0 && len(list) < limit {
			list = append(list, a.shown())
		}
	}
	return appReply(map[string]any{"category": category, "suppressions": list})
}

var noSuppressionType = errorReply(http.StatusNotFound, "the types of suppressions are bounces and spam_reports")

func (ws *workspaceState) address(c *appCall) int {
	email := strings.ToLower(c.args[1])
	return slices.IndexFunc(ws.addresses, func(a suppressedAddress) bool { return a.Type == c.args[0] && a.Email == email })
}

func (ws *workspaceState) appSuppress(c *appCall) reply {
	switch {
	case suppressionTypes[c.args[0]] == "":
		return noSuppressionType
	case !isEmail(c.args[1]):
		return errorReply(http.StatusBadRequest, "it is no email address")
	}
	if ws.address(c) < 0 {
		ws.addresses = append(ws.addresses, suppressedAddress{c.args[0], strings.ToLower(c.args[1]), c.now})
	}
	return reply{status: http.StatusOK, body: emptyObject}
}

func (ws *workspaceState) appUnsuppress(c *appCall) reply {
	if suppressionTypes[c.args[0]] == "" {
		return noSuppressionType
	}
	if i := ws.address(c); i >= 0 {
		ws.addresses = slices.Delete(ws.addresses, i, i+1)
	}
	return reply{status: http.StatusNoContent}
}
