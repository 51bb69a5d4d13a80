package emulator

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/ciokit/cio/emulator/internal/rawjson"
)

// segmentState is a manual segment. Each person knows the segments that they
// are in. There are only manual segments, because the emulator does not learn
// the conditions of others.
type segmentState struct {
	ID          uint64 `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
}

// appSegment is a segment as the App API shows it.
type appSegment struct {
	segmentState
	DeduplicateID string   `json:"deduplicate_id"`
	State         string   `json:"state"`
	Progress      *int     `json:"progress"`
	Type          string   `json:"type"`
	Tags          []string `json:"tags"`
}

func (s segmentState) shown() appSegment {
	return appSegment{segmentState: s, DeduplicateID: strconv.FormatUint(s.ID, 10) + ":1", State: "finished", Type: "manual"}
}

func (ws *workspaceState) segmentOf(id string) *segmentState {
	n, err := strconv.ParseUint(id, 10, 64)
	if err != nil {
		return nil
	}
	i := slices.IndexFunc(ws.segments, func(s segmentState) bool { return s.ID == n })
	if i < 0 {
		return nil
	}
	return &ws.segments[i]
}

func (p *personState) inSegment(id uint64) bool { return slices.Contains(p.segments, id) }

// ofSegment is an operation on the segment that the first parameter names.
func ofSegment(answer func(*workspaceState, *appCall, segmentState) reply) appOperation {
	return appOperation{answer: func(ws *workspaceState, c *appCall) reply {
		s := ws.segmentOf(c.args[0])
		if s == nil {
			return noSegment
		}
		return answer(ws, c, *s)
	}}
}

var noSegment = errorReply(http.StatusNotFound, "no such segment; the emulator has those that were made here")

func (ws *workspaceState) appSegments(*appCall) reply {
	list := []appSegment{}
	for _, s := range ws.segments {
		list = append(list, s.shown())
	}
	return appReply(map[string]any{"segments": list})
}

func (ws *workspaceState) appSegment(_ *appCall, s segmentState) reply {
	return appReply(map[string]any{"segment": s.shown()})
}

// maxSegments limits the segments of a workspace, because a search may read all
// of them.
const maxSegments = 1000

func (ws *workspaceState) appMakeSegment(c *appCall) reply {
	var body struct {
		Segment struct{ Name, Description string }
	}
	if c.body == "" || json.Unmarshal([]byte(c.body), &body) != nil || strings.TrimSpace(body.Segment.Name) == "" {
		return errorReply(http.StatusBadRequest, "segment.name is required")
	}
	if len(ws.segments) >= maxSegments {
		return errorReply(http.StatusBadRequest, "the emulator keeps "+strconv.Itoa(maxSegments)+" segments")
	}
	ws.lastSegment++
	s := segmentState{ws.lastSegment, body.Segment.Name, body.Segment.Description}
	ws.segments = append(ws.segments, s)
	return ws.appSegment(c, s)
}

func (ws *workspaceState) appDeleteSegment(c *appCall) reply {
	s := ws.segmentOf(c.args[0])
	if s == nil {
		return noSegment
	}
	id := s.ID
	ws.segments = slices.DeleteFunc(ws.segments, func(s segmentState) bool { return s.ID == id })
	for _, p := range ws.byCustomerIOID {
		p.leave(id)
	}
	return reply{status: http.StatusNoContent}
}

func (p *personState) leave(segment uint64) {
	p.segments = slices.DeleteFunc(p.segments, func(id uint64) bool { return id == segment })
}

func (ws *workspaceState) appSegmentCount(_ *appCall, s segmentState) reply {
	n := 0
	for _, p := range ws.byCustomerIOID {
		if p.inSegment(s.ID) {
			n++
		}
	}
	return appReply(map[string]any{"count": n})
}

// Pages of members (docs/rules.md#the-app-api).
const (
	defaultMembers = 1000
	maxMembers     = 30_000
)

func (ws *workspaceState) appMembers(c *appCall, s segmentState) reply {
	start, limit, problem := appPage(c.query, defaultMembers, maxMembers)
	if problem != "" {
		return errorReply(http.StatusBadRequest, problem)
	}
	return ws.appPage(start, limit, func(p *personState) bool { return p.inSegment(s.ID) })
}

// appSegmentUse is empty: there are no campaigns and newsletters here.
func (ws *workspaceState) appSegmentUse(*appCall, segmentState) reply {
	return appReply(map[string]any{"used_by": map[string]any{"campaigns": []int{}, "sent_newsletters": []int{}, "draft_newsletters": []int{}}})
}

// appPersonSegments lists the segments that a person is in.
func (ws *workspaceState) appPersonSegments(_ *appCall, p *personState) reply {
	list := []appSegment{}
	for _, s := range ws.segments {
		if p.inSegment(s.ID) {
			list = append(list, s.shown())
		}
	}
	return appReply(map[string]any{"segments": list})
}

// maxChanged is how many people one call of the Track API can put into a
// segment.
const maxChanged = 1000

func (ws *workspaceState) addMembers(c *appCall) reply {
	return ws.changeMembers(c, func(p *personState, id uint64) {
		if !p.inSegment(id) {
			p.segments = append(p.segments, id)
		}
	})
}

func (ws *workspaceState) removeMembers(c *appCall) reply {
	return ws.changeMembers(c, (*personState).leave)
}

// changeMembers changes the segment of the people who are there. The others are
// passed over, as the Track API documents it.
func (ws *workspaceState) changeMembers(c *appCall, change func(*personState, uint64)) reply {
	s := ws.segmentOf(c.args[0])
	if s == nil {
		return noSegment
	}
	var ids []json.RawMessage
	if raw := rawjson.Member(c.body, "ids"); raw == "" || json.Unmarshal([]byte(raw), &ids) != nil || len(ids) == 0 || len(ids) > maxChanged {
		return errorReply(http.StatusBadRequest, "ids is a list of 1 to "+strconv.Itoa(maxChanged)+" identifiers")
	}
	for _, id := range ids {
		p, problem := ws.appPerson(appText(string(id)), c.query.Get("id_type"))
		if problem != "" {
			return errorReply(http.StatusBadRequest, problem)
		}
		if p != nil {
			change(p, s.ID)
		}
	}
	return reply{status: http.StatusOK, body: emptyObject}
}
