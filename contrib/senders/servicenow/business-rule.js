// SPDX-License-Identifier: Apache-2.0
// An async Business Rule (when: async; insert, update, delete) on incident, change_request and problem, and on
// sc_req_item or rm_story where these are to count as work. Async rules run late and out of order: the whole
// record goes, with sys_mod_count, and dorad puts things in order. Times go as the database has them: UTC.
//
// System properties: dorad.url (https://dorad.example.com/webhooks/servicenow) and dorad.secret (password2).
(function executeRule(current) {
  var record = {};
  var fields = ['sys_id', 'sys_class_name', 'number', 'state', 'incident_state', 'problem_state', 'priority',
    'opened_at', 'sys_created_on', 'resolved_at', 'closed_at', 'reopened_time', 'work_start', 'work_end',
    'close_code', 'resolution_code', 'type', 'caused_by', 'problem_id', 'parent_incident', 'correlation_id',
    'sys_updated_on', 'sys_mod_count'];
  var references = ['cmdb_ci', 'business_service', 'service_offering', 'assignment_group'];
  var i;

  for (i = 0; i < fields.length; i++) {
    if (current.isValidField(fields[i])) {
      record[fields[i]] = String(current.getValue(fields[i]) || '');
    }
  }
  for (i = 0; i < references.length; i++) {
    if (current.isValidField(references[i])) {
      record[references[i]] = current.getValue(references[i])
        ? { value: String(current.getValue(references[i])), display_value: String(current.getDisplayValue(references[i])) }
        : '';
    }
  }

  // What is signed must be the bytes that go: everything beyond ASCII is escaped first.
  var body = JSON.stringify({
    table: String(current.getTableName()),
    instance: String(gs.getProperty('instance_name')) + '.service-now.com',
    operation: String(current.operation()),
    record: record
  }).replace(/[\u007f-\uffff]/g, function (c) {
    return '\\u' + ('0000' + c.charCodeAt(0).toString(16)).slice(-4);
  });
  var key = gs.base64Encode(gs.getProperty('dorad.secret'));
  var signature = new CertificateEncryption().generateMac(key, 'HmacSHA256', body);
  var request = new sn_ws.RESTMessageV2();

  request.setEndpoint(gs.getProperty('dorad.url'));
  request.setHttpMethod('post');
  request.setRequestHeader('Content-Type', 'application/json');
  request.setRequestHeader('X-Dorad-Signature', 'sha256b64=' + signature);
  request.setRequestHeader('X-Dorad-Delivery', record.sys_id + ':' + record.sys_mod_count);
  request.setRequestBody(body);
  request.setHttpTimeout(10000);
  var status = request.execute().getStatusCode();
  if (status != 200) {
    gs.error('dorad answered ' + status + ' for ' + record.number + ': it is not sent again by itself');
  }
})(current);
