package emulator

import (
	"slices"
	"strings"
	"time"

	"github.com/ciokit/cio/emulator/internal/rawjson"
)

// deviceState is one push device of a person.
type deviceState struct {
	token      string
	platform   string
	attributes attributes
	at         time.Time // the timestamp of the event that last changed it
}

func (p *personState) device(token string) *deviceState {
	for i := range p.devices {
		if p.devices[i].token == token {
			return &p.devices[i]
		}
	}
	return nil
}

// updateDevice acts on "Device Created or Updated": token, type and app in the
// context, attributes in the properties (docs/rules.md#devices).
func (ws *workspaceState) updateDevice(p *personState, m *decodedMessage) {
	sent := m.contextMember("device")
	token := rawjson.Unquote(rawjson.Member(sent, "token"))
	d := p.device(token)
	if d == nil {
		p.devices = append(p.devices, deviceState{token: strings.Clone(token)})
		d = &p.devices[len(p.devices)-1]
		ws.devices++
	}
	if platform := rawjson.Member(sent, "type"); rawjson.IsString(platform) {
		d.platform = strings.Clone(rawjson.Unquote(platform))
	}
	d.at = m.at
	w := ws.attributeWriter(m, "properties.")
	w.merge(&d.attributes, m.properties, nil)
	if app := m.contextMember("app"); rawjson.IsObject(app) {
		if namespace := rawjson.Member(app, "namespace"); rawjson.IsString(namespace) {
			w.set(&d.attributes, "app_identifier", namespace)
		}
	}
}

// deleteDevice acts on "Device Deleted". It reports whether p had the device.
func (ws *workspaceState) deleteDevice(p *personState, m *decodedMessage) bool {
	token := rawjson.Unquote(rawjson.Member(m.contextMember("device"), "token"))
	i := slices.IndexFunc(p.devices, func(d deviceState) bool { return d.token == token })
	if i < 0 {
		return false
	}
	p.devices = slices.Delete(p.devices, i, i+1)
	ws.devices--
	return true
}
