// Who `--user` means.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readUser } from '../../src/serve/privileges.ts';

const accounts = {
  passwd: 'root:x:0:0:root:/root:/bin/sh\ndns:x:104:110::/nonexistent:/bin/false\n',
  group: 'root:x:0:\ndns:x:110:\nadm:x:4:dns\n',
};

describe('a user', () => {
  for (const [text, user] of [
    ['dns', { uid: 104, gid: 110, name: 'dns' }],
    ['dns:adm', { uid: 104, gid: 4, name: 'dns' }],
    ['dns:4000', { uid: 104, gid: 4000, name: 'dns' }],
    ['104', { uid: 104, gid: 110, name: 'dns' }],
    ['5000:110', { uid: 5000, gid: 110, name: undefined }],
    ['root', { uid: 0, gid: 0, name: 'root' }],
  ] as const) {
    it(`is ${JSON.stringify(user)} for ${text}`, () => assert.deepEqual(readUser(text, accounts), user));
  }

  for (const [text, fault] of [
    ['', /--user is NAME or NAME:GROUP, not ""/],
    ['dns:', /NAME or NAME:GROUP, not "dns:"/],
    [':dns', /NAME or NAME:GROUP/],
    ['a:b:c', /NAME or NAME:GROUP/],
    ['nsd', /--user nsd: there is no user nsd in \/etc\/passwd \(.*say UID:GID in numbers\)/],
    ['-1', /there is no user -1/],
    ['5000', /user 5000 has no group of its own \(say 5000:GID in numbers\)/],
    ['dns:www', /there is no group www/],
  ] as const) {
    it(`is nobody for ${JSON.stringify(text)}`, () => {
      const read = readUser(text, accounts);
      assert.match('fault' in read ? read.fault : '', fault);
    });
  }
});
