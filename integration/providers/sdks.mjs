// Makes the calls of the tests beside this file by a service's official library for Node.js. Arguments: the service, and
// the port of a server on 127.0.0.1 that records them. Each call makes one request, one after the other; their names are
// printed as a JSON list, in that order. What the server responds does not count.
import { Client } from '@xdevplatform/xdk'
import { createRequire } from 'node:module'

const [service, port] = process.argv.slice(2)
const base = `http://127.0.0.1:${port}`

function x() {
  const client = new Client({ accessToken: 't_1', baseUrl: base, retry: false })
  const fields = {
    postFields: ['created_at', 'public_metrics'], expansions: ['author_id', 'attachments.media_keys'], mediaFields: ['url'],
    pollFields: ['options'], userFields: ['verified'], placeFields: ['country'],
  }
  const period = { startTime: '2026-11-01T00:00:00Z', endTime: '2026-11-02T00:00:00Z' }
  const ids = { sinceId: '10', untilId: '20' }
  return {
    'posts.create': () => client.posts.create({
      text: 'Hé', reply: { inReplyToTweetId: '1', excludeReplyUserIds: ['2'] }, media: { mediaIds: ['3'], taggedUserIds: ['2'] }, replySettings: 'following',
    }),
    'posts.create, a poll': () => client.posts.create({ text: '?', poll: { options: ['a', 'b'], durationMinutes: 60 } }),
    'posts.create, a quotation': () => client.posts.create({ text: '!', quoteTweetId: '4' }),
    'posts.delete': () => client.posts.delete('1'),
    'posts.get': () => client.posts.getById('1', fields),
    'users.posts': () => client.users.getPosts('2', { maxResults: 5, exclude: ['replies', 'retweets'], paginationToken: 'p', ...period, ...ids, ...fields }),
    'users.timeline': () => client.users.getTimeline('2', { maxResults: 5, exclude: ['replies'], paginationToken: 'p', ...period, ...fields }),
    'users.mentions': () => client.users.getMentions('2', { maxResults: 5, paginationToken: 'p', ...ids, ...fields }),
    'posts.search': () => client.posts.searchRecent('from:golang', { maxResults: 10, nextToken: 'n', sortOrder: 'recency', ...period, ...fields }),
    'users.me': () => client.users.getMe({ userFields: ['created_at'], expansions: ['pinned_tweet_id'], postFields: ['lang'] }),
    'users.get': () => client.users.getById('2', {}),
    'users.byUsername': () => client.users.getByUsername('XDevelopers', {}),
    'media.initialize': () => client.media.initializeUpload({ mediaType: 'video/mp4', totalBytes: 10, mediaCategory: 'tweet_video' }),
    'media.append': () => client.media.appendUpload('5', { media: Buffer.from('chunk').toString('base64'), segmentIndex: 1 }),
    'media.finalize': () => client.media.finalizeUpload('5'),
    'media.status': () => client.media.getUploadStatus('5', { command: 'STATUS' }),
  }
}

function postmark() {
  const { ServerClient } = createRequire(import.meta.url)('postmark')
  const client = new ServerClient('t_1', { requestHost: `127.0.0.1:${port}`, useHttps: false })
  const envelope = {
    Cc: 'c@example.com', Bcc: 'd@example.com', ReplyTo: 'r@example.com', Tag: 'welcome', Metadata: { order: '1042' },
    Headers: [{ Name: 'X-A', Value: '1' }], Attachments: [{ Name: 'a.bin', Content: 'AP8=', ContentType: 'application/octet-stream', ContentID: 'cid:a' }],
    TrackOpens: true, TrackLinks: 'HtmlOnly', MessageStream: 'outbound',
  }
  const email = { From: 'a@example.com', To: 'b@example.com', Subject: 's', TextBody: 't', HtmlBody: '<p>h</p>', ...envelope }
  const made = { From: 'a@example.com', To: 'b@example.com', TemplateAlias: 'welcome', TemplateModel: { name: 'Ada' }, InlineCss: true, ...envelope }
  const dates = { fromDate: '2026-11-01', toDate: '2026-11-02' }
  return {
    'email.send': () => client.sendEmail(email),
    'email.sendBatch': () => client.sendEmailBatch([email]),
    'email.sendWithTemplate': () => client.sendEmailWithTemplate(made),
    'email.sendBatchWithTemplates': () => client.sendEmailBatchWithTemplates([made]),
    'messages.list': () => client.getOutboundMessages({
      count: 50, recipient: 'b@example.com', fromEmail: 'a@example.com', tag: 'welcome', subject: 's', status: 'sent', messageStream: 'outbound', ...dates,
    }),
    'messages.get': () => client.getOutboundMessageDetails('m_1'),
    'bounces.list': () => client.getBounces({
      count: 50, type: 'HardBounce', inactive: true, emailFilter: 'b@example.com', messageID: 'm_1', tag: 'welcome', messageStream: 'outbound', ...dates,
    }),
    'bounces.activate': () => client.activateBounce(7),
    'stats.get': () => client.getOutboundOverview({ tag: 'welcome', messageStream: 'outbound', ...dates }),
    'server.get': () => client.getServer(),
    'streams.list': () => client.getMessageStreams({ messageStreamType: 'Broadcasts', includeArchivedStreams: true }),
    'suppressions.list': () => client.getSuppressions('outbound', { suppressionReason: 'HardBounce', origin: 'Recipient', emailAddress: 'b@example.com', ...dates }),
    'suppressions.create': () => client.createSuppressions('outbound', { Suppressions: [{ EmailAddress: 'b@example.com' }] }),
    'suppressions.delete': () => client.deleteSuppressions('outbound', { Suppressions: [{ EmailAddress: 'b@example.com' }] }),
  }
}

const calls = { x, postmark }[service]()
for (const call of Object.values(calls)) {
  await call().catch(() => {})
}
console.log(JSON.stringify(Object.keys(calls)))
