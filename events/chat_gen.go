// Code generated from spec/events.txt by internal/gen. DO NOT EDIT.

package events

import "github.com/ciokit/cio/internal/wire"

// LiveChatConversationStarted reports that a conversation began. On the wire it is "Live Chat Conversation Started".
type LiveChatConversationStarted struct {
	// The identifier of the agent who takes part.
	AgentID string `json:"agent_id,omitempty"`
	// The agent's own name.
	AgentName string `json:"agent_name,omitempty"`
	// The agent's user name.
	AgentUsername string `json:"agent_username,omitempty"`
	// The identifier of the conversation.
	ConversationID string `json:"conversation_id,omitempty"`
	// The time since the conversation began; 0 at its start. In seconds.
	ConversationDuration *int `json:"conversation_duration,omitempty"`
	// The identifier of the message.
	MessageID string `json:"message_id,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Live Chat Conversation Started".
func (LiveChatConversationStarted) EventName() string { return "Live Chat Conversation Started" }

var liveChatConversationStartedKeys = []string{"agent_id", "agent_name", "agent_username", "conversation_id", "conversation_duration", "message_id"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e LiveChatConversationStarted) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("agent_id", e.AgentID)
	o.String("agent_name", e.AgentName)
	o.String("agent_username", e.AgentUsername)
	o.String("conversation_id", e.ConversationID)
	o.Int("conversation_duration", e.ConversationDuration)
	o.String("message_id", e.MessageID)
	o.Extra(e.Extra, liveChatConversationStartedKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e LiveChatConversationStarted) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// LiveChatConversationEnded reports that a conversation ended. On the wire it is "Live Chat Conversation Ended".
type LiveChatConversationEnded struct {
	// The identifier of the agent who takes part.
	AgentID string `json:"agent_id,omitempty"`
	// The agent's own name.
	AgentName string `json:"agent_name,omitempty"`
	// The agent's user name.
	AgentUsername string `json:"agent_username,omitempty"`
	// The identifier of the conversation.
	ConversationID string `json:"conversation_id,omitempty"`
	// The time since the conversation began; 0 at its start. In seconds.
	ConversationDuration *int `json:"conversation_duration,omitempty"`
	// The identifier of the message.
	MessageID string `json:"message_id,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Live Chat Conversation Ended".
func (LiveChatConversationEnded) EventName() string { return "Live Chat Conversation Ended" }

var liveChatConversationEndedKeys = []string{"agent_id", "agent_name", "agent_username", "conversation_id", "conversation_duration", "message_id"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e LiveChatConversationEnded) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("agent_id", e.AgentID)
	o.String("agent_name", e.AgentName)
	o.String("agent_username", e.AgentUsername)
	o.String("conversation_id", e.ConversationID)
	o.Int("conversation_duration", e.ConversationDuration)
	o.String("message_id", e.MessageID)
	o.Extra(e.Extra, liveChatConversationEndedKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e LiveChatConversationEnded) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// LiveChatMessageSent reports that an agent wrote to a person. On the wire it is "Live Chat Message Sent".
type LiveChatMessageSent struct {
	// The identifier of the agent who takes part.
	AgentID string `json:"agent_id,omitempty"`
	// The agent's own name.
	AgentName string `json:"agent_name,omitempty"`
	// The agent's user name.
	AgentUsername string `json:"agent_username,omitempty"`
	// The identifier of the conversation.
	ConversationID string `json:"conversation_id,omitempty"`
	// The time since the conversation began; 0 at its start. In seconds.
	ConversationDuration *int `json:"conversation_duration,omitempty"`
	// The identifier of the message.
	MessageID string `json:"message_id,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Live Chat Message Sent".
func (LiveChatMessageSent) EventName() string { return "Live Chat Message Sent" }

var liveChatMessageSentKeys = []string{"agent_id", "agent_name", "agent_username", "conversation_id", "conversation_duration", "message_id"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e LiveChatMessageSent) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("agent_id", e.AgentID)
	o.String("agent_name", e.AgentName)
	o.String("agent_username", e.AgentUsername)
	o.String("conversation_id", e.ConversationID)
	o.Int("conversation_duration", e.ConversationDuration)
	o.String("message_id", e.MessageID)
	o.Extra(e.Extra, liveChatMessageSentKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e LiveChatMessageSent) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// LiveChatMessageReceived reports that a person wrote to an agent. On the wire it is "Live Chat Message Received".
type LiveChatMessageReceived struct {
	// The identifier of the agent who takes part.
	AgentID string `json:"agent_id,omitempty"`
	// The agent's own name.
	AgentName string `json:"agent_name,omitempty"`
	// The agent's user name.
	AgentUsername string `json:"agent_username,omitempty"`
	// The identifier of the conversation.
	ConversationID string `json:"conversation_id,omitempty"`
	// The time since the conversation began; 0 at its start. In seconds.
	ConversationDuration *int `json:"conversation_duration,omitempty"`
	// The identifier of the message.
	MessageID string `json:"message_id,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Live Chat Message Received".
func (LiveChatMessageReceived) EventName() string { return "Live Chat Message Received" }

var liveChatMessageReceivedKeys = []string{"agent_id", "agent_name", "agent_username", "conversation_id", "conversation_duration", "message_id"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e LiveChatMessageReceived) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("agent_id", e.AgentID)
	o.String("agent_name", e.AgentName)
	o.String("agent_username", e.AgentUsername)
	o.String("conversation_id", e.ConversationID)
	o.Int("conversation_duration", e.ConversationDuration)
	o.String("message_id", e.MessageID)
	o.Extra(e.Extra, liveChatMessageReceivedKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e LiveChatMessageReceived) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }
