package emulator

import (
	"net/http"
	"net/url"
)

// appObjectAttributes answers a question for the attributes of an object, such
// as objects/1/acme/attributes.
func (ws *workspaceState) appObjectAttributes(segments []string) reply {
	if len(segments) != 4 || segments[3] != "attributes" {
		return errorReply(http.StatusNotFound, "no such path; the emulator has attributes of objects")
	}
	typeID, err := url.PathUnescape(segments[1])
	if err != nil {
		return errorReply(http.StatusBadRequest, "the path cannot be read")
	}
	id, err := url.PathUnescape(segments[2])
	if err != nil {
		return errorReply(http.StatusBadRequest, "the path cannot be read")
	}
	o := ws.objects[objectKey{typeID, id}]
	if o == nil {
		return errorReply(http.StatusNotFound, "no such object")
	}
	return appReply(map[string]any{"object": map[string]any{
		"object_type_id": typeID,
		"identifiers":    map[string]string{"object_id": id},
		"attributes":     o.attributes.appTexts(),
	}})
}
