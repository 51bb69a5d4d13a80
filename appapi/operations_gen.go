// Code generated from spec/appapi.txt and spec/facts by internal/gen. DO NOT EDIT.

package appapi

var (
	opActivitiesList                = operation{"Activities.List", "GET", "/v1/activities", "activities", false}
	opCustomersByEmail              = operation{"Customers.ByEmail", "GET", "/v1/customers", "results", false}
	opCustomersSearch               = operation{"Customers.Search", "POST", "/v1/customers", "identifiers", false}
	opCustomersMany                 = operation{"Customers.Many", "POST", "/v1/customers/attributes", "customers", false}
	opCustomersAttributes           = operation{"Customers.Attributes", "GET", "/v1/customers/{customer_id}/attributes", "customer", false}
	opCustomersActivities           = operation{"Customers.Activities", "GET", "/v1/customers/{customer_id}/activities", "activities", false}
	opCustomersMessages             = operation{"Customers.Messages", "GET", "/v1/customers/{customer_id}/messages", "messages", false}
	opCustomersRelationships        = operation{"Customers.Relationships", "GET", "/v1/customers/{customer_id}/relationships", "cio_relationships", false}
	opCustomersSegments             = operation{"Customers.Segments", "GET", "/v1/customers/{customer_id}/segments", "segments", false}
	opCustomersSubscriptions        = operation{"Customers.Subscriptions", "GET", "/v1/customers/{customer_id}/subscription_preferences", "customer", false}
	opSuppressionsOf                = operation{"Suppressions.Of", "GET", "/v1/esp/search_suppression/{email_address}", "", false}
	opSuppressionsList              = operation{"Suppressions.List", "GET", "/v1/esp/suppression/{suppression_type}", "suppressions", false}
	opSuppressionsAdd               = operation{"Suppressions.Add", "POST", "/v1/esp/suppression/{suppression_type}/{email_address}", "", false}
	opSuppressionsRemove            = operation{"Suppressions.Remove", "DELETE", "/v1/esp/suppression/{suppression_type}/{email_address}", "", false}
	opSegmentsList                  = operation{"Segments.List", "GET", "/v1/segments", "segments", false}
	opSegmentsCreate                = operation{"Segments.Create", "POST", "/v1/segments", "segment", true}
	opSegmentsGet                   = operation{"Segments.Get", "GET", "/v1/segments/{segment_id}", "segment", false}
	opSegmentsDelete                = operation{"Segments.Delete", "DELETE", "/v1/segments/{segment_id}", "", false}
	opSegmentsCount                 = operation{"Segments.Count", "GET", "/v1/segments/{segment_id}/customer_count", "count", false}
	opSegmentsMembers               = operation{"Segments.Members", "GET", "/v1/segments/{segment_id}/membership", "identifiers", false}
	opSegmentsUsedBy                = operation{"Segments.UsedBy", "GET", "/v1/segments/{segment_id}/used_by", "used_by", false}
	opMessagesList                  = operation{"Messages.List", "GET", "/v1/messages", "messages", false}
	opMessagesGet                   = operation{"Messages.Get", "GET", "/v1/messages/{message_id}", "message", false}
	opMessagesArchived              = operation{"Messages.Archived", "GET", "/v1/messages/{message_id}/archived_message", "archived_message", false}
	opCampaignsList                 = operation{"Campaigns.List", "GET", "/v1/campaigns", "campaigns", false}
	opCampaignsGet                  = operation{"Campaigns.Get", "GET", "/v1/campaigns/{campaign_id}", "campaign", false}
	opCampaignsMetrics              = operation{"Campaigns.Metrics", "GET", "/v1/campaigns/{campaign_id}/metrics", "metric", false}
	opCampaignsLinkMetrics          = operation{"Campaigns.LinkMetrics", "GET", "/v1/campaigns/{campaign_id}/metrics/links", "links", false}
	opCampaignsJourneyMetrics       = operation{"Campaigns.JourneyMetrics", "GET", "/v1/campaigns/{campaign_id}/journey_metrics", "journey_metric", false}
	opCampaignsMessages             = operation{"Campaigns.Messages", "GET", "/v1/campaigns/{campaign_id}/messages", "messages", false}
	opCampaignsActions              = operation{"Campaigns.Actions", "GET", "/v1/campaigns/{campaign_id}/actions", "actions", false}
	opCampaignsAction               = operation{"Campaigns.Action", "GET", "/v1/campaigns/{campaign_id}/actions/{action_id}", "action", false}
	opCampaignsActionMetrics        = operation{"Campaigns.ActionMetrics", "GET", "/v1/campaigns/{campaign_id}/actions/{action_id}/metrics", "metric", false}
	opCampaignsActionLinkMetrics    = operation{"Campaigns.ActionLinkMetrics", "GET", "/v1/campaigns/{campaign_id}/actions/{action_id}/metrics/links", "links", false}
	opBroadcastsList                = operation{"Broadcasts.List", "GET", "/v1/broadcasts", "broadcasts", false}
	opBroadcastsGet                 = operation{"Broadcasts.Get", "GET", "/v1/broadcasts/{broadcast_id}", "broadcast", false}
	opBroadcastsMetrics             = operation{"Broadcasts.Metrics", "GET", "/v1/broadcasts/{broadcast_id}/metrics", "metric", false}
	opBroadcastsLinkMetrics         = operation{"Broadcasts.LinkMetrics", "GET", "/v1/broadcasts/{broadcast_id}/metrics/links", "links", false}
	opBroadcastsMessages            = operation{"Broadcasts.Messages", "GET", "/v1/broadcasts/{broadcast_id}/messages", "messages", false}
	opBroadcastsActions             = operation{"Broadcasts.Actions", "GET", "/v1/broadcasts/{broadcast_id}/actions", "actions", false}
	opBroadcastsAction              = operation{"Broadcasts.Action", "GET", "/v1/broadcasts/{broadcast_id}/actions/{action_id}", "action", false}
	opBroadcastsActionMetrics       = operation{"Broadcasts.ActionMetrics", "GET", "/v1/broadcasts/{broadcast_id}/actions/{action_id}/metrics", "metric", false}
	opBroadcastsActionLinkMetrics   = operation{"Broadcasts.ActionLinkMetrics", "GET", "/v1/broadcasts/{broadcast_id}/actions/{action_id}/metrics/links", "links", false}
	opBroadcastsTriggers            = operation{"Broadcasts.Triggers", "GET", "/v1/broadcasts/{broadcast_id}/triggers", "triggers", false}
	opBroadcastsTrigger             = operation{"Broadcasts.Trigger", "GET", "/v1/campaigns/{broadcast_id}/triggers/{trigger_id}", "", false}
	opBroadcastsTriggerErrors       = operation{"Broadcasts.TriggerErrors", "GET", "/v1/campaigns/{broadcast_id}/triggers/{trigger_id}/errors", "errors", false}
	opNewslettersList               = operation{"Newsletters.List", "GET", "/v1/newsletters", "newsletters", false}
	opNewslettersGet                = operation{"Newsletters.Get", "GET", "/v1/newsletters/{newsletter_id}", "newsletter", false}
	opNewslettersMetrics            = operation{"Newsletters.Metrics", "GET", "/v1/newsletters/{newsletter_id}/metrics", "metric", false}
	opNewslettersLinkMetrics        = operation{"Newsletters.LinkMetrics", "GET", "/v1/newsletters/{newsletter_id}/metrics/links", "links", false}
	opNewslettersMessages           = operation{"Newsletters.Messages", "GET", "/v1/newsletters/{newsletter_id}/messages", "messages", false}
	opNewslettersContents           = operation{"Newsletters.Contents", "GET", "/v1/newsletters/{newsletter_id}/contents", "contents", false}
	opNewslettersContent            = operation{"Newsletters.Content", "GET", "/v1/newsletters/{newsletter_id}/contents/{content_id}", "content", false}
	opNewslettersContentMetrics     = operation{"Newsletters.ContentMetrics", "GET", "/v1/newsletters/{newsletter_id}/contents/{content_id}/metrics", "metric", false}
	opNewslettersContentLinkMetrics = operation{"Newsletters.ContentLinkMetrics", "GET", "/v1/newsletters/{newsletter_id}/contents/{content_id}/metrics/links", "links", false}
	opNewslettersTestGroups         = operation{"Newsletters.TestGroups", "GET", "/v1/newsletters/{newsletter_id}/test_groups", "test_groups", false}
	opTransactionalList             = operation{"Transactional.List", "GET", "/v1/transactional", "messages", false}
	opTransactionalGet              = operation{"Transactional.Get", "GET", "/v1/transactional/{transactional_id}", "message", false}
	opTransactionalMetrics          = operation{"Transactional.Metrics", "GET", "/v1/transactional/{transactional_id}/metrics", "metric", false}
	opTransactionalLinkMetrics      = operation{"Transactional.LinkMetrics", "GET", "/v1/transactional/{transactional_id}/metrics/links", "links", false}
	opTransactionalMessages         = operation{"Transactional.Messages", "GET", "/v1/transactional/{transactional_id}/messages", "messages", false}
	opTransactionalContents         = operation{"Transactional.Contents", "GET", "/v1/transactional/{transactional_id}/contents", "contents", false}
	opExportsList                   = operation{"Exports.List", "GET", "/v1/exports", "exports", false}
	opExportsGet                    = operation{"Exports.Get", "GET", "/v1/exports/{export_id}", "export", false}
	opExportsPeople                 = operation{"Exports.People", "POST", "/v1/exports/customers", "export", true}
	opExportsDeliveries             = operation{"Exports.Deliveries", "POST", "/v1/exports/deliveries", "export", true}
	opExportsLink                   = operation{"Exports.Link", "GET", "/v1/exports/{export_id}/download", "url", false}
	opImportsStart                  = operation{"Imports.Start", "POST", "/v1/imports", "import", true}
	opImportsGet                    = operation{"Imports.Get", "GET", "/v1/imports/{import_id}", "import", false}
	opObjectsTypes                  = operation{"Objects.Types", "GET", "/v1/object_types", "types", false}
	opObjectsFind                   = operation{"Objects.Find", "POST", "/v1/objects", "identifiers", false}
	opObjectsAttributes             = operation{"Objects.Attributes", "GET", "/v1/objects/{object_type_id}/{object_id}/attributes", "object", false}
	opObjectsRelationships          = operation{"Objects.Relationships", "GET", "/v1/objects/{object_type_id}/{object_id}/relationships", "cio_relationships", false}
	opClientWorkspaces              = operation{"Client.Workspaces", "GET", "/v1/workspaces", "workspaces", false}
	opClientTopics                  = operation{"Client.Topics", "GET", "/v1/subscription_topics", "topics", false}
	opClientIPAddresses             = operation{"Client.IPAddresses", "GET", "/v1/info/ip_addresses", "ip_addresses", false}
)

// operations are the operations that have a method.
var operations = []operation{
	opActivitiesList,
	opCustomersByEmail,
	opCustomersSearch,
	opCustomersMany,
	opCustomersAttributes,
	opCustomersActivities,
	opCustomersMessages,
	opCustomersRelationships,
	opCustomersSegments,
	opCustomersSubscriptions,
	opSuppressionsOf,
	opSuppressionsList,
	opSuppressionsAdd,
	opSuppressionsRemove,
	opSegmentsList,
	opSegmentsCreate,
	opSegmentsGet,
	opSegmentsDelete,
	opSegmentsCount,
	opSegmentsMembers,
	opSegmentsUsedBy,
	opMessagesList,
	opMessagesGet,
	opMessagesArchived,
	opCampaignsList,
	opCampaignsGet,
	opCampaignsMetrics,
	opCampaignsLinkMetrics,
	opCampaignsJourneyMetrics,
	opCampaignsMessages,
	opCampaignsActions,
	opCampaignsAction,
	opCampaignsActionMetrics,
	opCampaignsActionLinkMetrics,
	opBroadcastsList,
	opBroadcastsGet,
	opBroadcastsMetrics,
	opBroadcastsLinkMetrics,
	opBroadcastsMessages,
	opBroadcastsActions,
	opBroadcastsAction,
	opBroadcastsActionMetrics,
	opBroadcastsActionLinkMetrics,
	opBroadcastsTriggers,
	opBroadcastsTrigger,
	opBroadcastsTriggerErrors,
	opNewslettersList,
	opNewslettersGet,
	opNewslettersMetrics,
	opNewslettersLinkMetrics,
	opNewslettersMessages,
	opNewslettersContents,
	opNewslettersContent,
	opNewslettersContentMetrics,
	opNewslettersContentLinkMetrics,
	opNewslettersTestGroups,
	opTransactionalList,
	opTransactionalGet,
	opTransactionalMetrics,
	opTransactionalLinkMetrics,
	opTransactionalMessages,
	opTransactionalContents,
	opExportsList,
	opExportsGet,
	opExportsPeople,
	opExportsDeliveries,
	opExportsLink,
	opImportsStart,
	opImportsGet,
	opObjectsTypes,
	opObjectsFind,
	opObjectsAttributes,
	opObjectsRelationships,
	opClientWorkspaces,
	opClientTopics,
	opClientIPAddresses,
}

// untyped are the operations without a method, which Client.Do can call, and why they have none.
var untyped = map[string]string{
	"PUT /v1/broadcasts/{broadcast_id}/actions/{action_id}":                     "it edits the content of messages, which is not reading back",
	"GET /v1/broadcasts/{broadcast_id}/actions/{action_id}/language/{language}": "a translation, for people who edit the content of messages",
	"PUT /v1/broadcasts/{broadcast_id}/actions/{action_id}/language/{language}": "it edits the content of messages, which is not reading back",
	"POST /v1/campaigns/{broadcast_id}/triggers":                                "it sends a broadcast to people, which is not reading back",
	"PUT /v1/campaigns/{campaign_id}/actions/{action_id}":                       "it edits the content of messages, which is not reading back",
	"GET /v1/campaigns/{campaign_id}/actions/{action_id}/language/{language}":   "a translation, for people who edit the content of messages",
	"PUT /v1/campaigns/{campaign_id}/actions/{action_id}/language/{language}":   "it edits the content of messages, which is not reading back",
	"GET /v1/collections":                                                                "collections are data for messages, and were not loaded by this toolkit",
	"POST /v1/collections":                                                               "collections are data for messages, and were not loaded by this toolkit",
	"DELETE /v1/collections/{collection_id}":                                             "collections are data for messages, and were not loaded by this toolkit",
	"GET /v1/collections/{collection_id}":                                                "collections are data for messages, and were not loaded by this toolkit",
	"PUT /v1/collections/{collection_id}":                                                "collections are data for messages, and were not loaded by this toolkit",
	"GET /v1/collections/{collection_id}/content":                                        "collections are data for messages, and were not loaded by this toolkit",
	"PUT /v1/collections/{collection_id}/content":                                        "collections are data for messages, and were not loaded by this toolkit",
	"DELETE /v1/newsletters/{newsletter_id}":                                             "it deletes content that somebody wrote, which is not reading back",
	"PUT /v1/newsletters/{newsletter_id}/contents/{content_id}":                          "it edits the content of messages, which is not reading back",
	"GET /v1/newsletters/{newsletter_id}/language/{language}":                            "a translation, for people who edit the content of messages",
	"PUT /v1/newsletters/{newsletter_id}/language/{language}":                            "it edits the content of messages, which is not reading back",
	"GET /v1/newsletters/{newsletter_id}/test_group/{test_group_id}/language/{language}": "a translation, for people who edit the content of messages",
	"PUT /v1/newsletters/{newsletter_id}/test_group/{test_group_id}/language/{language}": "it edits the content of messages, which is not reading back",
	"GET /v1/reporting_webhooks":                                                         "webhooks report what happens from now on, and are set up once",
	"POST /v1/reporting_webhooks":                                                        "webhooks report what happens from now on, and are set up once",
	"DELETE /v1/reporting_webhooks/{webhook_id}":                                         "webhooks report what happens from now on, and are set up once",
	"GET /v1/reporting_webhooks/{webhook_id}":                                            "webhooks report what happens from now on, and are set up once",
	"PUT /v1/reporting_webhooks/{webhook_id}":                                            "webhooks report what happens from now on, and are set up once",
	"POST /v1/send/email":                                                                "it sends a message to a person, which is not reading back",
	"POST /v1/send/push":                                                                 "it sends a message to a person, which is not reading back",
	"POST /v1/send/sms":                                                                  "it sends a message to a person, which is not reading back",
	"GET /v1/sender_identities":                                                          "senders are settings of messages",
	"GET /v1/sender_identities/{sender_id}":                                              "senders are settings of messages",
	"GET /v1/sender_identities/{sender_id}/used_by":                                      "senders are settings of messages",
	"GET /v1/snippets":                                                                   "snippets are content of messages",
	"PUT /v1/snippets":                                                                   "snippets are content of messages",
	"DELETE /v1/snippets/{snippet_name}":                                                 "snippets are content of messages",
	"PUT /v1/transactional/{transactional_id}/content/{content_id}":                      "it edits the content of messages, which is not reading back",
	"GET /v1/transactional/{transactional_id}/language/{language}":                       "a translation, for people who edit the content of messages",
	"PUT /v1/transactional/{transactional_id}/language/{language}":                       "it edits the content of messages, which is not reading back",
}
